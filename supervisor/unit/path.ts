/**
 * Makes a path absolute, against an absolute root. Shape: ("/srv/app", "../x/./y") → "/srv/x/y".
 * Why: `node:path` would make this folder impure.
 */
export function resolvePath(root: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${root}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
