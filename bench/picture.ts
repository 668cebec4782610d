/** Pictures of figures: SVG text, readable in light and dark, with nothing in it that loads or runs. */
export { type Bar, type BarPictureOptions, barPicture } from './picture/bars.ts';
export {
  type BarGroup,
  type GroupedBar,
  type GroupedBarPictureOptions,
  groupedBarPicture,
} from './picture/grouped-bars.ts';
export { type Line, type LinePictureOptions, linePicture } from './picture/lines.ts';
