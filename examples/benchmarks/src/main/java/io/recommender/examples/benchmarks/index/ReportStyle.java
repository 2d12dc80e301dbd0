package io.recommender.examples.benchmarks.index;

/** The style sheet of the page, for a light and a dark scheme. */
final class ReportStyle {
  static final String CSS =
      """
      :root {
        color-scheme: light dark;
        --page: #f6f7f9; --card: #fff; --text: #1b2330; --quiet: #5c6878; --rule: #dde2e9;
        --c0: #1f63b5; --c1: #7a8494; --c2: #2a8f74; --c3: #c2661a; --c4: #b5477e;
        --c5: #6b4fc0; --c6: #8f7010; --c7: #b3322f;
      }
      @media (prefers-color-scheme: dark) {
        :root {
          --page: #12161c; --card: #1a2029; --text: #e4e9f0; --quiet: #9aa7b8; --rule: #303a47;
          --c0: #6ba5e7; --c1: #a3adba; --c2: #55bfa1; --c3: #f09a55; --c4: #e07fb0;
          --c5: #a78bf0; --c6: #d9b945; --c7: #f07f78;
        }
      }
      * { box-sizing: border-box; }
      body { margin: 0; background: var(--page); color: var(--text);
        font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
      main { max-width: 1040px; margin: 0 auto; padding: 36px 20px 60px; }
      h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
      h2 { font-size: 18px; margin: 0 0 6px; }
      h3 { font-size: 14px; margin: 14px 0 4px; }
      p { margin: 0 0 12px; }
      .lead, .quiet { color: var(--quiet); }
      .lead { font-size: 16px; margin-bottom: 22px; }
      ul { margin: 0 0 14px; padding-left: 20px; max-width: 90ch; }
      section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
        padding: 20px 22px; margin: 0 0 18px; }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%; font-size: 14px;
        font-variant-numeric: tabular-nums; }
      th, td { padding: 5px 10px; text-align: right; white-space: nowrap;
        border-bottom: 1px solid var(--rule); }
      thead th { color: var(--quiet); font-weight: 600; }
      th:first-child { text-align: left; }
      tbody th { font-weight: 600; }
      tbody tr:last-child > * { border-bottom: 0; }
      tr.ratio th, tr.ratio td { color: var(--quiet); font-weight: 400; }
      .dot { display: inline-block; width: 10px; height: 10px; border-radius: 5px;
        margin-right: 8px; background: currentColor; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 20px; margin: 0;
        font-size: 14px; }
      dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
      svg { display: block; width: 100%; height: auto; font-size: 13px; }
      figure { margin: 0 0 12px; }
      figcaption { color: var(--quiet); font-size: 14px; text-align: center; }
      svg .tick, svg .axis { fill: var(--quiet); } svg .mid { text-anchor: middle; }
      svg .end { text-anchor: end; }
      svg .name { fill: currentColor; font-weight: 600; }
      svg .grid { stroke: var(--rule); }
      svg .curve { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; }
      svg .whisker { stroke: currentColor; stroke-width: 1.4; }
      svg .leader { fill: none; stroke: currentColor; stroke-dasharray: 1 4; opacity: 0.7; }
      svg .mark { fill: currentColor; stroke: var(--card); stroke-width: 1.3; }
      .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
      .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
      .c6 { color: var(--c6); } .c7 { color: var(--c7); }
      @media print { body { background: none; } section { break-inside: avoid; } }
      """;

  private ReportStyle() {}
}
