import { parser } from "@prometheus-io/lezer-promql";

export type Matcher = Readonly<{ label: string; op: string; value: string }>;

/** A selector of an expression. `isRated`: it stands in `rate` or `increase`, which only counters bear. */
export type Selector = Readonly<{ metric: string; matchers: readonly Matcher[]; isRated: boolean }>;

/** What an expression asks for. `grouped`: the labels of every `by`, `without` and `on`. */
export type Asked = Readonly<{ selectors: readonly Selector[]; grouped: readonly string[] }>;

type Node = ReturnType<typeof parser.parse>["topNode"];

/** Reads an expression with Prometheus' own grammar. Errors: throws where it is none. */
export function readPromql(text: string): Asked {
  const selectors: Selector[] = [];
  const grouped: string[] = [];
  const said = (node: Node | null): string => (node ? text.slice(node.from, node.to) : "");
  parser.parse(text).iterate({
    enter({ node }) {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${text}`);
      if (node.name === "GroupingLabels") grouped.push(...node.getChildren("LabelName").map(said));
      if (node.name !== "VectorSelector") return;
      const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
      selectors.push({
        metric: said(node.getChild("Identifier")),
        matchers: matchers.map((each) => ({
          label: said(each.getChild("LabelName")),
          op: said(each.getChild("MatchOp")),
          value: JSON.parse(said(each.getChild("StringLiteral"))) as string,
        })),
        isRated: /^(?:rate|increase|irate)$/.test(said(functionAround(node))),
      });
    },
  });
  return { selectors, grouped };
}

/** The name of the function whose argument a selector is. */
function functionAround(selector: Node): Node | null {
  for (let node = selector.parent; node; node = node.parent) {
    if (node.name === "FunctionCall") return node.getChild("FunctionIdentifier");
    if (node.name === "AggregateExpr" || node.name === "BinaryExpr") return null;
  }
  return null;
}
