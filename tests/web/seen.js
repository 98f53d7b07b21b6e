// What is wrong with a page for those who cannot see it well, in sentences.
() => {
  const wrong = [];
  const say = (what, one) => wrong.push(`${what}: ${(one.outerHTML || "").slice(0, 120)}`);
  const all = (query) => [...document.querySelectorAll(query)];
  const named = (one) => (one.getAttribute("aria-label") || one.textContent || "").trim();

  if (!document.documentElement.lang) wrong.push("the page has no language");
  if (!document.title.trim()) wrong.push("the page has no title");
  if (all("h1").length !== 1) wrong.push(`there are ${all("h1").length} h1`);
  let level = 0;
  for (const one of all("h1, h2, h3, h4, h5, h6")) {
    const now = Number(one.tagName[1]);
    if (now > level + 1) say("a level of headings is left out", one);
    level = now;
  }
  for (const name of ["header", "main", "footer"])
    if (all(`body > ${name}`).length !== 1) wrong.push(`there is not one ${name}`);
  for (const one of all("nav, section, form[role=search]")) {
    const by = one.getAttribute("aria-labelledby");
    if (!one.getAttribute("aria-label") && !(by && document.getElementById(by)))
      say("a landmark has no name", one);
  }
  const ids = all("[id]").map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`id ${id} is given twice`);
  for (const one of all("input:not([type=hidden], [hidden]), select, textarea"))
    if (!one.labels || !one.labels.length || !named(one.labels[0])) say("a field has no label", one);
  for (const one of all("a[href], button, summary")) if (!named(one)) say("it has no name", one);
  for (const one of all("svg")) {
    const by = document.getElementById(one.getAttribute("aria-labelledby") || "");
    if (one.getAttribute("role") !== "img" || !by || !by.textContent.trim()) say("a drawing has no name", one);
  }
  for (const one of all("img")) if (!one.alt) say("a picture has no name", one);
  for (const one of all("table")) {
    if (!one.caption || !one.caption.textContent.trim()) say("a table has no caption", one);
    for (const cell of one.querySelectorAll("th")) if (!cell.scope) say("a heading of a table has no scope", cell);
  }
  for (const one of all("time")) if (isNaN(Date.parse(one.dateTime))) say("a time is none", one);
  if (all("nav[aria-label=Pages]").length && all("nav [aria-current=page]").length > 1)
    wrong.push("more than one page is the present one");

  // Contrast (WCAG 2.2, 1.4.3): of all text that is seen, against what is behind it.
  const parsed = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const over = (top, under) => {
    const alpha = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map((at) => top[at] * alpha + under[at] * (1 - alpha));
  };
  const behind = (one) => {
    if (!one) return [255, 255, 255];
    const own = parsed(getComputedStyle(one).backgroundColor);
    if (own.length < 4 || own[3] === 1) return own.slice(0, 3);
    return own[3] === 0 ? behind(one.parentElement) : over(own, behind(one.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || one.closest("svg, datalist, option")) continue;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    if (one.closest(".hidden, .skip") || !one.getClientRects().length) continue;
    const back = behind(one), [a, b] = [light(over(parsed(style.color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast is ${ratio.toFixed(2)}`, one);
  }
  return wrong;
}
