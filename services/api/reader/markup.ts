/** A piece of HTML. Only `html` makes one, so that no text becomes HTML by itself. */
export type Markup = Readonly<{ markup: string }>;

type Value = Markup | string | number | readonly Markup[] | null;

/** Writes HTML: texts are escaped, pieces of HTML are put in as they are, null is nothing. Shape: `` html`<b>${"<"}</b>` `` → `<b>&lt;</b>`. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: parts.map((part, at) => part + (at < values.length ? written(values[at] ?? null) : "")).join("") };
}

function written(value: Value): string {
  if (value === null) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "markup" in value ? value.markup : value.map(({ markup }) => markup).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** A text with its `code` set off and its lines kept. */
export function prose(text: unknown): Markup {
  const lines = String(text ?? "")
    .split("\n")
    .map(line);
  return html`${lines.flatMap((each, at) => (at === 0 ? [each] : [html`<br>`, each]))}`;
}

function line(text: string): Markup {
  const pieces = text.split("`");
  const isPaired = pieces.length % 2 === 1;
  return html`${pieces.map((piece, at) => (isPaired && at % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`))}`;
}
