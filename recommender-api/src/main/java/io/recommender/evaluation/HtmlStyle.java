package io.recommender.evaluation;

/** The style sheet of the page, for a light and a dark scheme. */
final class HtmlStyle {
  static final String CSS =
      """
      :root {
        color-scheme: light dark;
        --page: #f6f7f9; --card: #ffffff; --text: #1b2330; --quiet: #5c6878; --rule: #dde2e9;
        --best: #e5f2ea; --best-text: #14613a; --warn: #fff5df;
        --c0: #2f6db3; --c1: #d9772b; --c2: #2a8f74; --c3: #b5477e;
        --c4: #7563c5; --c5: #94832a; --c6: #3c9db5; --c7: #9d5a48;
      }
      @media (prefers-color-scheme: dark) {
        :root {
          --page: #12161c; --card: #1a2029; --text: #e4e9f0; --quiet: #9aa7b8; --rule: #303a47;
          --best: #173726; --best-text: #8fdcb2; --warn: #3a2f17;
          --c0: #6ba5e7; --c1: #f09a55; --c2: #55bfa1; --c3: #e07fb0;
          --c4: #a596ee; --c5: #c9b75a; --c6: #6cc8de; --c7: #cf8d7b;
        }
      }
      * { box-sizing: border-box; }
      body {
        margin: 0; background: var(--page); color: var(--text);
        font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
      }
      main { max-width: 1040px; margin: 0 auto; padding: 36px 20px 60px; }
      h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
      h2 { font-size: 18px; margin: 0 0 4px; }
      h3 { font-size: 14px; margin: 14px 0 4px; }
      p { margin: 0 0 12px; max-width: 76ch; }
      .quiet, .lead, figcaption { color: var(--quiet); }
      .lead { font-size: 16px; margin-bottom: 22px; }
      section {
        background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
        padding: 20px 22px; margin: 0 0 18px;
      }
      section.warn { background: var(--warn); }
      section.warn ul { margin: 6px 0 0; padding-left: 20px; }
      .tiles { display: grid; gap: 14px; margin: 0 0 18px;
        grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); }
      .tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
        padding: 14px 18px; }
      .tile b { display: block; font-size: 25px; line-height: 1.3; font-variant-numeric: tabular-nums; }
      .tile span { display: block; font-size: 13px; color: var(--quiet); }
      .pair { display: grid; gap: 8px 24px; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
      th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
      thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; white-space: normal; }
      th:first-child, td:first-child { text-align: left; }
      tbody th { font-weight: 600; }
      tbody tr:last-child > * { border-bottom: 0; }
      td.best { background: var(--best); color: var(--best-text); font-weight: 700; }
      tr.published th, tr.published td { color: var(--quiet); font-style: italic; font-weight: 400; }
      .tag { font-size: 11px; font-style: normal; border: 1px solid var(--rule); border-radius: 4px;
        padding: 1px 5px; margin-left: 8px; }
      .dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 8px; }
      .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 13px; margin: 2px 0 10px; }
      .legend .dash { display: inline-block; width: 18px; border-top: 2px dashed var(--quiet);
        margin-right: 8px; vertical-align: middle; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 20px; margin: 8px 0 0; font-size: 14px; }
      dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
      figure { margin: 0; } figcaption { font-size: 13px; }
      svg { display: block; width: 100%; height: auto; font-size: 12px; }
      svg text { fill: var(--text); }
      svg .tick, svg .quiet { fill: var(--quiet); }
      svg .mid { text-anchor: middle; } svg .end { text-anchor: end; }
      svg .label { font-size: 13px; } svg .value { font-size: 12px; font-weight: 600; }
      svg .quiet { font-weight: 400; font-style: italic; }
      svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
      svg .grid { stroke: var(--rule); } svg .axis { stroke: var(--quiet); }
      svg .whisker { stroke: var(--text); stroke-width: 1.3; opacity: 0.75; }
      svg .reference { fill: none; stroke: var(--quiet); stroke-width: 1.3; stroke-dasharray: 4 3; }
      svg .training { stroke: var(--text); stroke-width: 2; stroke-dasharray: 5 3; }
      svg .percentile { stroke: var(--text); stroke-width: 1.3; opacity: 0.8; }
      svg .curve { fill: none; stroke-width: 2.2; stroke: currentColor; }
      svg .mark { fill: currentColor; stroke: var(--card); stroke-width: 1.2; }
      svg .published { color: var(--quiet); stroke-dasharray: 5 4; stroke-width: 1.5; }
      svg .mark.published { fill: var(--card); stroke: var(--quiet); stroke-dasharray: none; }
      svg .fill { fill: currentColor; } svg .area { fill: currentColor; opacity: 0.8; }
      .dot { background: currentColor; }
      .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
      .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
      .c6 { color: var(--c6); } .c7 { color: var(--c7); }
      @media print { body { background: none; } section, .tile { break-inside: avoid; } }
      """;

  private HtmlStyle() {}
}
