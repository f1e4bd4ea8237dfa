/**
 * What people are to do, by how bad it is: one sentence a severity.
 *
 * Said by CAP messages and by the public pages. Invariant: it stands here once, so that the feed and the page never
 * tell people two different things.
 */
import type { Bilingual, Severity } from '../devices/site.ts';

export const INSTRUCTIONS: Readonly<Record<Severity, Bilingual>> = {
  minor: {
    id: 'Pantau keadaan sungai dan ikuti kabar resmi.',
    en: 'Watch the river and follow official news.',
  },
  moderate: {
    id: 'Bersiaplah: amankan barang dan kendaraan dari tepi sungai.',
    en: 'Get ready: move belongings and vehicles away from the river.',
  },
  severe: {
    id: 'Bersiap mengungsi. Jauhi sungai dan jalan yang tergenang.',
    en: 'Be ready to leave. Keep away from the river and flooded roads.',
  },
  extreme: {
    id: 'Segera ke tempat tinggi. Ikuti petunjuk petugas.',
    en: 'Go to high ground now. Follow the officers’ directions.',
  },
};
