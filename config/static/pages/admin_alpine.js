// Django-unfold's pages are written for Alpine's usual build, which compiles attributes to code. Ours reads them with a
// parser of its own (static/unfold/js/alpine/), so that the policy needs no unsafe-eval. What that parser does not know
// in them (statements, template literals, functions and variables of the window) is said here in other words; and
// widths are set as properties, because style attributes would need unsafe-inline.
document.addEventListener("alpine:init", () => {
  const inOtherWords = [
    ["`width: ${sidebarWidth}px`", "{ width: sidebarWidth + 'px' }"],
    ["'width: ' + changeListWidth + 'px'", "{ width: changeListWidth + 'px' }"],
    [/^if \(resizing\) \{.*$/s, "resizing && (sidebarWidth = $page.sidebarWidth($event, min, max))"],
    [/^if \(!(\$event\.target\.closest\('a'\))\) \{ (.*) \}$/s, "$1 || ($2)"],
    [/^if \(!\$event\.metaKey && !\$event\.ctrlKey\) (.*)$/s, "$event.metaKey || $event.ctrlKey || $1"],
    ["getCurrentTab()", "$page.currentTab()"],
    [/^activeTab && activeTab !== 'general' \? window\.location.*$/s, "$page.address(activeTab)"],
  ];
  const rephrase = (words) =>
    typeof words === "string" ? inOtherWords.reduce((said, [from, to]) => said.replace(from, to), words) : words;

  Alpine.mapAttributes(({ name, value }) => ({ name, value: rephrase(value) }));
  Alpine.data("theme", (...given) => theme(...given));
  Alpine.data("searchCommand", (...given) => searchCommand(...given));
  Alpine.magic("page", () => ({
    currentTab: () => getCurrentTab(),
    address: (tab) => window.location.pathname + window.location.search + (tab && tab !== "general" ? `#${tab}` : ""),
    sidebarWidth: (event, least, most) => {
      const width = Math.min(most, Math.max(least, event.clientX));
      localStorage.setItem("sidebarWidth", width);
      return width;
    },
  }));
});
