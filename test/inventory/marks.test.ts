import { describe, expect, it } from '@jest/globals';
import { Marks } from '../../src/inventory/marks.ts';

const START = 1_000_000_000;
const place = (sourceId: number, slug = `r${sourceId}`) => ({ sourceId, projectKey: 'PLAT', slug });

/** Marks on a clock that stands until it is set. */
function clocked() {
  let time = START;
  const marks = new Marks({ now: () => time });
  /** Seconds until they are due; `null`: there are none. */
  const dueIn = () => {
    const due = marks.dueAt();
    return due === null ? null : Math.max(0, (due - time) / 1000);
  };
  const pass = (seconds: number) => {
    time += seconds * 1000;
  };
  return { marks, dueIn, pass };
}

describe('marks', () => {
  it('are gathered for some seconds from the first on', () => {
    const { marks, dueIn, pass } = clocked();
    expect(dueIn()).toBeNull();
    marks.add(place(1));
    expect(dueIn()).toBe(5);
    pass(3);
    marks.add(place(2));
    expect(dueIn()).toBe(2);
    pass(60);
    expect(dueIn()).toBe(0);
  });

  it('of one repository are one, with the newest place', () => {
    const { marks } = clocked();
    for (const slug of ['old', 'older', 'new']) marks.add(place(1, slug));
    marks.add(place(2));
    expect(marks.take()).toEqual([place(1, 'new'), place(2)]);
    expect(marks.size).toBe(0);
  });

  it('are not due again before a minute has passed, however many come', () => {
    const { marks, dueIn, pass } = clocked();
    marks.add(place(1));
    pass(5);
    marks.take();
    marks.add(place(1));
    expect(dueIn()).toBe(60);
    pass(58);
    marks.add(place(2));
    expect(dueIn()).toBe(2);
  });

  it('are a thousand at most', () => {
    const { marks } = clocked();
    const taken = Array.from({ length: 1_500 }, (_, id) => marks.add(place(id + 1)));
    expect(taken.filter(Boolean)).toHaveLength(1_000);
    expect(marks.add(place(1, 'again'))).toBe(true);
    const back = marks.take();
    expect(back).toHaveLength(1_000);
    for (let id = 5_000; id < 5_600; id += 1) marks.add(place(id));
    marks.putBack(back, 'failed');
    expect(marks.size).toBe(1_000);
  });

  it('that were put back wait longer after a failure, and give way to newer ones', () => {
    const { marks, dueIn, pass } = clocked();
    marks.add(place(1, 'old'));
    marks.add(place(2));
    pass(5);
    const taken = marks.take();
    marks.add(place(1, 'new'));
    marks.putBack(taken, 'later');
    expect(dueIn()).toBe(60);
    marks.putBack([], 'failed');
    expect(dueIn()).toBe(300);
    expect(marks.take()).toEqual([place(1, 'new'), place(2)]);
  });

  it('tell who waits for them when something has changed', () => {
    const { marks } = clocked();
    const { changed } = marks;
    marks.add(place(1));
    expect(changed.aborted).toBe(true);
    expect(marks.changed.aborted).toBe(false);
  });

  it('are due at once when the clock was set back', () => {
    const { marks, dueIn, pass } = clocked();
    marks.add(place(1));
    pass(5);
    marks.take();
    marks.add(place(1));
    pass(-86_400);
    expect(dueIn()).toBe(0);
  });

  it('are not taken where nothing reads them', () => {
    const { marks, dueIn } = clocked();
    marks.add(place(1));
    marks.close();
    expect(marks.add(place(2))).toBe(false);
    marks.putBack([place(3)], 'failed');
    expect(dueIn()).toBeNull();
  });
});
