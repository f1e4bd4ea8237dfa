/**
 * A layer of markers on Grafana's map, one a row, placed by the fields `lat` and `lng`.
 *
 * Invariant: the rows carry both fields, which the queries take from InfluxDB.
 */
import {
  FrameGeometrySourceBuilder,
  FrameGeometrySourceMode,
  MapLayerOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';

/** `colourField` gives the colour by its thresholds or mappings; `textField` stands beside the marker. */
export function markerLayer(name: string, colourField: string, textField: string): MapLayerOptionsBuilder {
  return new MapLayerOptionsBuilder()
    .type('markers')
    .name(name)
    .tooltip(true)
    .location(
      new FrameGeometrySourceBuilder().mode(FrameGeometrySourceMode.Coords).latitude('lat').longitude('lng'),
    )
    .config({
      showLegend: false,
      style: {
        color: { field: colourField, fixed: 'blue' },
        size: { fixed: 8, min: 4, max: 12 },
        symbol: { mode: 'fixed', fixed: 'img/icons/marker/circle.svg' },
        text: { mode: 'field', field: textField, fixed: '' },
        textConfig: { fontSize: 11, offsetX: 8, offsetY: 0, textAlign: 'left', textBaseline: 'middle' },
        opacity: 0.8,
      },
    });
}
