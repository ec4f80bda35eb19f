/** How the page looks, by day and by night. */
export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c1e21, #e3e5e8); --faint: light-dark(#5b616b, #a0a6b0); --paper: light-dark(#fff, #16181b);
  --panel: light-dark(#f5f6f8, #1f2226); --line: light-dark(#d9dce1, #363a41); --link: light-dark(#0b57a4, #8ab8ff); --good: light-dark(#14703a, #6fcf97);
  --bad: light-dark(#a4260b, #ff9d85); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
h1 small, .type, dd, .where { color: var(--faint); }
h1 small { font-weight: normal; font-size: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
nav ul { list-style: none; padding: 0; columns: 22rem; }
article { margin: 1rem 0; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); }
article:target { border-color: var(--link); }
.method { display: inline-block; min-width: 4.5em; font-weight: bold; }
.required, .status[data-class="4"], .status[data-class="5"] { color: var(--bad); }
.status { font-weight: bold; }
.status[data-class="2"] { color: var(--good); }
summary { cursor: pointer; padding: .2rem 0; }
dl { margin: .3rem 0 .3rem .2rem; padding-left: .8rem; border-left: 2px solid var(--line); }
dd { margin: 0 0 .4rem 1rem; }
.schema ul { padding-left: 1.2rem; list-style: none; }
li + li::before { color: var(--faint); font-style: italic; }
[data-kind="any"] > li + li::before { content: "or "; }
[data-kind="all"] > li + li::before { content: "and "; }
`;
