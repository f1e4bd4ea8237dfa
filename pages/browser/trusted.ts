/**
 * The one place that makes markup and script addresses of text: the server's own pages and its own worker.
 *
 * Invariant: only what this server answered is handed to it. Browsers that know no trusted types take text.
 */
interface Policy {
  createHTML(text: string): string;
  createScriptURL(text: string): string;
}
interface Factory {
  createPolicy(name: string, rules: Policy): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy('siaga', {
  createHTML: (text) => text,
  createScriptURL: (text) => text,
});

export const trust = Object.assign((text: string): string => policy?.createHTML(text) ?? text, {
  url: (text: string): string => policy?.createScriptURL(text) ?? text,
});
