import { type Grid, latticeOffset, type Window } from '../core/grid.ts';
import { sourceWindow } from '../warp/resample.ts';

/** The window of a scene that fills a target grid: the same pixels where both lie on one lattice, else what resampling looks at. */
export function sceneWindow(scene: Grid & { epsg: number }, target: Grid & { epsg: number }): Window {
  const offset = latticeOffset(scene, target);
  return offset === null
    ? sourceWindow(scene, target)
    : { ...offset, width: target.width, height: target.height };
}
