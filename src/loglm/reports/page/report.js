"use strict";
(function () {
  const form = document.querySelector(".filters");
  if (!form) return;
  document.documentElement.classList.add("js");
  const details = Array.from(document.querySelectorAll(".finding"));
  const entries = details.concat(Array.from(document.querySelectorAll(".entry")));

  function apply() {
    const levels = new Set(Array.from(form.querySelectorAll("[name=level]:checked"), (box) => box.value));
    const tactic = form.elements.tactic.value;
    const entity = form.elements.entity.value;
    let shown = 0;
    for (const entry of entries) {
      const data = entry.dataset;
      const visible = levels.has(data.level) && (!tactic || data.tactics.split(" ").includes(tactic)) && (!entity || data.entity === entity);
      entry.hidden = !visible;
      shown += visible ? 1 : 0;
    }
    form.querySelector(".shown").textContent = shown + " of " + entries.length + " shown";
  }

  function setOpen(open) {
    for (const entry of details) entry.open = open;
  }

  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target || !target.classList.contains("finding")) return;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }

  form.addEventListener("change", apply);
  form.elements.open.addEventListener("click", () => setOpen(true));
  form.elements.close.addEventListener("click", () => setOpen(false));
  window.addEventListener("hashchange", openTarget);
  apply();
  openTarget();
})();
