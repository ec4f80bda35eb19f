/**
 * A name as Kubernetes and Docker take it. Shape: "Mail@Queue" → "mail-queue", "9" → "u-9", "supervisor" → "u-supervisor".
 * Source: RFC 1035, "label". Why: a file of its own has each of the reserved names.
 */
export function labelOf(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 50)
    .replace(/^-+|-+$/g, "");
  return /^[a-z]/.test(label) && !RESERVED.has(label) ? label : `u-${label}`.replace(/-$/, "");
}

const RESERVED: ReadonlySet<string> = new Set(["supervisor", "kustomization"]);
