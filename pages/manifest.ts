/** The web manifest: with it a phone keeps the first page beside its apps. */
export function formatManifest(cityName: string, icon: string): string {
  return JSON.stringify({
    name: `Siaga ${cityName}`,
    short_name: 'Siaga',
    start_url: './',
    scope: './',
    display: 'standalone',
    background_color: '#ffffff',
    theme_color: '#075f91',
    icons: [{ src: icon, sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
  });
}
