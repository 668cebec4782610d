/** The style sheet: light and dark, one column on a phone. Each pair of colours has a contrast of 4.5 or more. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --paper: #ffffff; --ink: #1b2130; --quiet: #535c6d; --line: #d9dde4;
  --link: #0b57b7; --fill: #3f6fb5; --track: #e6e9ef; --focus: #0b57b7;
  --good: #0c6135; --good-paper: #e2f3e8; --warn: #7a4700; --warn-paper: #fdf0d8;
  --bad: #a01722; --bad-paper: #fce7e8; --plain: #34507c; --plain-paper: #e6edf8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151b; --paper: #1b2029; --ink: #e6e9ef; --quiet: #a5afc0; --line: #323a48;
    --link: #8fbcff; --fill: #6d9be0; --track: #2b323f; --focus: #8fbcff;
    --good: #86dba8; --good-paper: #17372a; --warn: #f3c67a; --warn-paper: #3c2d13;
    --bad: #ffa8ad; --bad-paper: #46202a; --plain: #b3cbf2; --plain-paper: #243248;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; background: var(--ground); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { margin: 1.5rem 0 0.5rem; font-size: 1.5rem; }
h2 { margin: 0 0 0.75rem; font-size: 1.125rem; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
p { margin: 0.5rem 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
code { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100vw; top: 0; padding: 0.5rem 1rem; background: var(--paper); }
.skip:focus { left: 0.5rem; z-index: 1; }
section, footer { scroll-margin-top: 1rem; }
section > :last-child { margin-bottom: 0; }
section > :first-child { margin-top: 0; }
section { margin: 1rem 0; padding: 1.25rem; background: var(--paper); border: 1px solid var(--line); border-radius: 0.5rem; }
footer, .hint, .quiet, caption { color: var(--quiet); }
.hint, footer { font-size: 0.875rem; }
.quiet { font-weight: 400; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.75rem 0 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.25rem 0; }
.badge {
  display: inline-block; padding: 0.0625rem 0.5rem; border-radius: 1rem; font-size: 0.875rem; font-weight: 600;
}
.good { color: var(--good); background: var(--good-paper); }
.warn { color: var(--warn); background: var(--warn-paper); }
.bad { color: var(--bad); background: var(--bad-paper); }
.plain { color: var(--plain); background: var(--plain-paper); }
.note, .banner { padding: 0.625rem 0.875rem; border-radius: 0.375rem; }
.banner { margin: 1rem 0; color: var(--warn); background: var(--warn-paper); border: 1px solid currentcolor; font-weight: 600; }
.banner a { color: inherit; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 0.75rem 1.5rem; margin: 0 0 1rem; }
.across { grid-column: 1 / -1; }
.facts dt { color: var(--quiet); font-size: 0.8125rem; }
.facts dd { margin: 0.125rem 0 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 0.4375rem 0.75rem 0.4375rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-size: 0.8125rem; font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: break-word; }
.long { overflow-wrap: anywhere; }
.figures { padding-right: 1.5rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; min-width: 4rem; height: 0.5rem; margin-top: 0.375rem; border-radius: 0.25rem; }
.track { fill: var(--track); }
.fill { fill: var(--fill); }
progress { display: block; width: 100%; height: 0.75rem; accent-color: var(--fill); }
.running { margin: 0 0 1rem; }
details { margin: 0.5rem 0; }
summary { padding: 0.25rem 0; cursor: pointer; font-weight: 600; }
form { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 0.75rem 1rem; margin: 0.75rem 0; }
label { display: grid; gap: 0.25rem; color: var(--quiet); font-size: 0.8125rem; }
.wide { flex: 1 1 16rem; min-width: 0; }
input, select, button {
  min-height: 2.5rem; max-width: 100%; padding: 0.375rem 0.75rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--quiet); border-radius: 0.375rem; font: inherit; font-size: 1rem;
}
input { width: 100%; min-width: 0; }
::placeholder { color: var(--quiet); opacity: 1; }
button { font-weight: 600; cursor: pointer; }
button:hover { background: var(--ground); }
.careful { color: var(--warn); border-color: currentcolor; }
@media (max-width: 48rem) {
  body { padding: 0 0.75rem 2rem; }
  section { padding: 1rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { padding: 0.625rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td, td.figures { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 0.5rem; padding: 0.125rem 0; border: 0; text-align: left; }
  td > div { min-width: 0; overflow-wrap: anywhere; }
  .compact tr { display: flex; flex-wrap: wrap; gap: 0.125rem 0.75rem; align-items: baseline; }
  .compact td, .compact td.figures { display: block; }
  .compact td.long { flex: 1 0 100%; max-width: 100%; }
  td::before { content: attr(data-name); color: var(--quiet); font-size: 0.8125rem; }
  .compact td::before { content: none; }
  time { white-space: normal; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;

/** The page's icon: the two sockets. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b57b7"/><path d="M7 12h18M7 20h18" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>
`;
