/** `inner`: what stands between its tags, as it is written. */
export type Element = { tag: string; attributes: Readonly<Record<string, string>>; inner: string };

const VOID = ["meta", "br"];
const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>|<!doctype html>/g;

/** Reads HTML as strictly as it can be written. Errors: throws where a tag is not closed in its turn, and where a `<` is no tag. */
export function parse(html: string): readonly Element[] {
  const elements: Element[] = [];
  const open: { element: Element; from: number }[] = [];
  const rest = html.replace(TAG, (_, closes: string, tag: string | undefined, said: string, at: number) => {
    if (tag === undefined) return "";
    if (closes) {
      const last = open.pop();
      if (last?.element.tag !== tag) throw new Error(`</${tag}> closes <${last?.element.tag}> at ${at}`);
      last.element.inner = html.slice(last.from, at);
      return "";
    }
    const element = { tag, attributes: attributesOf(said), inner: "" };
    elements.push(element);
    if (!VOID.includes(tag)) open.push({ element, from: at + tag.length + said.length + 2 });
    return "";
  });
  if (open.length > 0) throw new Error(`<${open.at(-1)?.element.tag}> is not closed`);
  const stray = /[<]|&(?!amp;|lt;|gt;|quot;|#39;)/.exec(rest);
  if (stray) throw new Error(`${JSON.stringify(rest.slice(stray.index, stray.index + 40))} is no tag`);
  return elements;
}

/** What is read of an element, each run of blanks one. */
export function textIn({ inner }: Element): string {
  return plain(inner.replace(/<[^>]*>/g, ""))
    .replace(/\s+/g, " ")
    .trim();
}

function attributesOf(said: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...said.matchAll(/ ([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, plain(value ?? "")]),
  );
}

const CHARACTERS: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

const plain = (text: string) => text.replace(/&[^;]+;/g, (entity) => CHARACTERS[entity] ?? entity);
