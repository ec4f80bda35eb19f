/** What came of many seeds. `hashes`: each seed's, one after the other. */
export type Sum = Readonly<{
  broken: readonly Readonly<{ seed: number; breaches: readonly string[] }>[];
  worlds: number;
  handovers: number;
  hashes: string;
}>;
