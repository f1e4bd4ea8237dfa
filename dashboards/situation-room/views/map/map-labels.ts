/**
 * The map's labels as they are drawn: what state/map/label-room.ts found room for.
 *
 * Invariant: a label keeps its element while it is shown.
 */
import {
  type Label,
  MIDDLE_PX,
  OFFSETS_PX,
  type PlacedLabel,
  placeLabels,
  type Seen,
} from '../../state/map/label-room.ts';
import { createKeyedList, setAttribute, setText, svg } from '../dom.ts';
import { movePlaced, placed } from './map-ground.ts';

const ANCHORS = { right: 'start', left: 'end', above: 'middle', below: 'middle', middle: 'middle' } as const;

export interface MapLabels {
  /** Returns those that found room. */
  update(labels: readonly Label[], seen: Seen): readonly PlacedLabel[];
}

export function createMapLabels(layer: SVGGElement): MapLabels {
  const list = createKeyedList<PlacedLabel>(
    layer,
    ({ key }) => key,
    (label) => {
      const text = svg('text');
      const element = placed(`label label-${label.names}`, label.at, text);
      return {
        element,
        update({ at, level, text: words, side }) {
          movePlaced(element, at);
          setAttribute(element, 'data-level', level);
          setAttribute(text, 'text-anchor', ANCHORS[side]);
          setAttribute(text, 'dx', OFFSETS_PX[side].x);
          setAttribute(text, 'dy', OFFSETS_PX[side].y + MIDDLE_PX);
          setText(text, words);
        },
      };
    },
  );
  return {
    update(labels, seen) {
      const shown = placeLabels(labels, seen);
      list.update(shown);
      return shown;
    },
  };
}
