#include "tersor/report/page_assets.h"

namespace tersor::report {

// The colours of the curves follow Okabe and Ito's palette for colour-blind readers, darkened on
// white and lightened on black until each also serves as text (contrast 4.5 to 1).
std::string_view PageStyle() {
  return R"css(
:root {
  --page: #ffffff; --panel: #f6f7f8; --ink: #16191d; --muted: #5a626c; --line: #dfe3e7;
  --accent: #0063a3; --c0: #0067a8; --c1: #b84700; --c2: #00735a; --c3: #9a3f78; --c4: #806000;
  --c5: #4a525b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131619; --panel: #1c2024; --ink: #e9ebee; --muted: #a3acb6; --line: #30363d;
    --accent: #6cbcf0; --c0: #62b8ee; --c1: #ff9657; --c2: #3fcda2; --c3: #ea9ccb; --c4: #e3ba45;
    --c5: #c0c7cf;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 60rem; background: var(--page);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums;
}
h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.02em; font-weight: 680;
  overflow-wrap: anywhere; }
h2 { margin: 0 0 0.25rem; font-size: 1.4rem; line-height: 1.3; letter-spacing: -0.01em;
  overflow-wrap: anywhere; }
h3 { margin: 2rem 0 0.75rem; font-size: 1rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.brand { margin: 0 0 0.5rem; color: var(--accent); font-size: 0.8rem; font-weight: 650;
  letter-spacing: 0.08em; text-transform: uppercase; }
.muted { color: var(--muted); }
section { margin-top: 3.25rem; }
header + main > section:first-child { margin-top: 0; }
nav ol { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 1rem 0 0; padding: 0;
  list-style: none; }
.provenance { display: flex; flex-wrap: wrap; margin: 0.4rem 0 0; color: var(--muted); font-size: 0.9rem; }
.provenance span + span::before { content: "·"; margin: 0 0.5em; }
.command { margin: 0.75rem 0 0; padding: 0.6rem 0.9rem; overflow-x: auto; border-radius: 6px;
  background: var(--panel); font: 0.85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
.command code::before { content: "$ "; color: var(--muted); }
code { font: inherit; }

.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr));
  gap: 1.25rem 1.5rem; margin: 1.75rem 0 0; }
.tiles div { display: flex; flex-direction: column; justify-content: space-between;
  padding-top: 0.6rem; border-top: 2px solid var(--line); }
.tiles dt { color: var(--muted); font-size: 0.85rem; line-height: 1.35; overflow-wrap: anywhere; }
.tiles dd { margin: 0.3rem 0 0; font-size: 1.6rem; line-height: 1.2; font-weight: 640;
  letter-spacing: -0.01em; white-space: nowrap; }

figure { margin: 0; }
.plot { position: relative; margin-top: 2.5rem; }
.plot figcaption { display: flex; flex-wrap: wrap; gap: 0 0.75rem; margin-bottom: 0.6rem; }
.plot figcaption strong::first-letter { text-transform: uppercase; }
.plot figcaption .muted { font-size: 0.9rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin: 0 0 0.6rem; padding: 0;
  list-style: none; font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 0.5rem; overflow-wrap: anywhere; }
.legend svg { flex: none; width: 28px; height: 10px; }
.chart { display: block; width: 100%; height: auto; touch-action: pan-y; }
.narrow { display: none; }
svg text { fill: var(--ink); font-size: 13px; font-family: inherit; }
svg .tick, svg .label, svg .detail { fill: var(--muted); }
svg .detail { font-size: 12px; }
svg .strong, svg .row { fill: var(--ink); }
svg .row, svg .ratio, svg .name { font-weight: 600; }
.grid { stroke: var(--line); }
.base, .mark { stroke: var(--muted); }
.one { stroke: var(--ink); stroke-width: 1.5; }
.better { fill: var(--c0); }
.worse { fill: var(--page); stroke: var(--c1); stroke-width: 2; stroke-dasharray: 4 2; }
.whisker { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: 1.75rem 1.5rem; margin: 2.5rem 0 0; }
.maps figcaption { margin-bottom: 0.5rem; font-size: 0.9rem; }
.maps svg { display: block; width: 100%; aspect-ratio: 1; }
.maps p { margin: 0.4rem 0 0; font-size: 0.85rem; }
.cell { fill: var(--c0); shape-rendering: crispEdges; }
.cell.none { fill: var(--line); }
.curve path { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .dense path { stroke-width: 1.1; stroke-opacity: 0.75; }
.c0 path { stroke: var(--c0); }
.c1 path { stroke: var(--c1); stroke-dasharray: 7 3; }
.c2 path { stroke: var(--c2); stroke-dasharray: 2 3; }
.c3 path { stroke: var(--c3); stroke-dasharray: 9 3 2 3; }
.c4 path { stroke: var(--c4); stroke-dasharray: 14 4; }
.c5 path { stroke: var(--c5); stroke-dasharray: 5 2 1 2 1 2; }
.c0 circle, svg .name.c0 { fill: var(--c0); }
.c1 circle, svg .name.c1 { fill: var(--c1); }
.c2 circle, svg .name.c2 { fill: var(--c2); }
.c3 circle, svg .name.c3 { fill: var(--c3); }
.c4 circle, svg .name.c4 { fill: var(--c4); }
.c5 circle, svg .name.c5 { fill: var(--c5); }
.cursor { stroke: var(--muted); stroke-dasharray: 2 2; pointer-events: none; }
.tip { position: absolute; z-index: 1; max-width: 16rem; padding: 0.45rem 0.7rem;
  border: 1px solid var(--line); border-radius: 6px; background: var(--page);
  box-shadow: 0 3px 12px rgb(0 0 0 / 0.14); font-size: 0.85rem; line-height: 1.45;
  pointer-events: none; overflow-wrap: anywhere; }
.tip b { float: right; margin-left: 1rem; }

.scroll { margin-top: 2rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.92rem; }
caption { padding-bottom: 0.6rem; text-align: left; font-size: 1rem; font-weight: 600; }
th, td { padding: 0.45rem 0.75rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--muted); color: var(--muted); font-weight: 500;
  vertical-align: bottom; }
tbody th { font-weight: 500; }
.text { text-align: left; }
td.text { overflow-wrap: break-word; }
.number { text-align: right; }
td.number { white-space: nowrap; }

.samples { display: grid; gap: 1.25rem; }
.samples figcaption { margin-bottom: 0.3rem; color: var(--muted); font-size: 0.9rem; }
blockquote { margin: 0; padding: 0.1rem 0 0.1rem 1.1rem; border-left: 3px solid var(--line);
  max-width: 44rem; font: 1.05rem/1.6 Charter, Georgia, "DejaVu Serif", serif; white-space: pre-wrap;
  overflow-wrap: anywhere; }

details { margin-top: 1.75rem; border-top: 1px solid var(--line); }
details + details { margin-top: 0; }
summary { padding: 0.7rem 0; cursor: pointer; color: var(--accent); font-size: 0.95rem; }
details[open] > summary { padding-bottom: 0.25rem; }
details > .scroll { margin-top: 0.5rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr));
  gap: 0 3rem; align-items: start; }
.facts h3 { margin: 0.75rem 0 0.4rem; }
.facts dl { margin: 0; font-size: 0.9rem; }
.facts dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.25rem;
  padding: 0.3rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--muted); overflow-wrap: anywhere; }
.facts dd { margin: 0; overflow-wrap: anywhere; text-align: right; margin-left: auto; }

@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.65rem; }
  .tiles dd { font-size: 1.35rem; }
  .wide { display: none; }
  .narrow { display: block; }
}
@media print {
  @page { margin: 16mm 15mm; }
  :root { --page: #fff; --panel: #f6f7f8; --ink: #000; --muted: #444b53; --line: #ccd1d6;
    --accent: #0063a3; --c0: #0067a8; --c1: #b84700; --c2: #00735a; --c3: #9a3f78; --c4: #806000;
    --c5: #4a525b; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { margin-top: 2rem; }
  h2, h3, summary, caption, figcaption { break-after: avoid; }
  .plot, .tiles, .samples figure, tr, .facts dl div { break-inside: avoid; }
  .better, .curve circle { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scroll { overflow: visible; }
  .command { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); }
  .tip, .cursor, nav { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  summary { color: var(--ink); font-weight: 600; list-style: none; }
}
)css";
}

std::string_view PageScript() {
  return R"js(
'use strict';
(() => {
  const svgNs = 'http://www.w3.org/2000/svg';
  // "low high first last log": the ends of an axis in data and in the view box.
  const axisOf = (text) => {
    const [low, high, first, last, log] = text.split(' ').map(Number);
    return (value) => first + (last - first) * (log
      ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
      : (value - low) / (high - low));
  };
  const format = (value) => value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e7)
    ? value.toExponential(3) : value.toLocaleString('en-US', {maximumSignificantDigits: 5});

  /** The drawn point nearest to view-box position x, over all curves. */
  const nearest = (curves, toX, x) => {
    let best = null, distance = Infinity;
    for (const curve of curves) {
      curve.x.forEach((value, i) => {
        if (value === null || curve.y[i] === null) return;
        const away = Math.abs(toX(value) - x);
        if (away < distance) { distance = away; best = value; }
      });
    }
    return best;
  };

  /** Each curve's point nearest to data position x, as [name, y]. */
  const valuesAt = (curves, toX, x) => curves.flatMap((curve) => {
    const at = nearest([curve], toX, toX(x));
    return at === null ? [] : [[curve.name, curve.y[curve.x.findIndex((v, i) =>
      v === at && curve.y[i] !== null)]]];
  });

  const line = (tip, name, value) => {
    const row = tip.appendChild(document.createElement('div'));
    row.appendChild(document.createElement('b')).textContent = value;
    row.append(name);
  };

  for (const figure of document.querySelectorAll('figure[data-curves]')) {
    const curves = JSON.parse(figure.dataset.curves);
    const tip = document.createElement('div');
    tip.className = 'tip';
    tip.hidden = true;
    figure.append(tip);
    for (const svg of figure.querySelectorAll('svg[data-x]')) {
      // A <title> would pop up beside the values; the same words stay as a label.
      const title = svg.querySelector('title');
      svg.setAttribute('aria-label', title.textContent);
      svg.setAttribute('aria-describedby', svg.querySelector('desc').id);
      svg.removeAttribute('aria-labelledby');
      title.remove();
      const toX = axisOf(svg.dataset.x);
      const [, , bottom, top] = svg.dataset.y.split(' ').map(Number);
      const cursor = svg.appendChild(document.createElementNS(svgNs, 'line'));
      cursor.setAttribute('class', 'cursor');
      cursor.style.display = 'none';
      const hide = () => { tip.hidden = true; cursor.style.display = 'none'; };
      const show = (event) => {
        const box = svg.getBoundingClientRect();
        const scale = box.width / svg.viewBox.baseVal.width;
        const x = nearest(curves, toX, (event.clientX - box.left) / scale);
        if (x === null) return hide();
        const at = toX(x);
        for (const [name, value] of [['x1', at], ['x2', at], ['y1', top], ['y2', bottom]]) {
          cursor.setAttribute(name, value);
        }
        cursor.style.display = '';
        tip.replaceChildren();
        line(tip, figure.dataset.xlabel, format(x));
        for (const [name, y] of valuesAt(curves, toX, x)) line(tip, name, format(y));
        tip.hidden = false;
        const frame = figure.getBoundingClientRect();
        const left = box.left - frame.left + at * scale;
        const room = left + 12 + tip.offsetWidth <= frame.width;
        tip.style.left = Math.max(0, room ? left + 12 : left - 12 - tip.offsetWidth) + 'px';
        tip.style.top = box.top - frame.top + top * scale + 'px';
      };
      svg.addEventListener('pointermove', show);
      svg.addEventListener('pointerdown', show);
      svg.addEventListener('pointerleave', hide);
    }
  }

  let folded = [];
  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details:not([open])')];
    for (const details of folded) details.open = true;
  });
  addEventListener('afterprint', () => { for (const details of folded) details.open = false; });
})();
)js";
}

}  // namespace tersor::report
