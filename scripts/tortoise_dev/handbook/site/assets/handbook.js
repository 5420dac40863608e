// Copy buttons, blocks that can be scrolled by keyboard, and proofs that open where a link leads to.
(function () {
  "use strict";

  function copyButtons() {
    document.querySelectorAll(".td-tools").forEach(function (tools) {
      var button = document.createElement("button");
      button.className = "td-copy";
      button.type = "button";
      button.textContent = "Copy";
      tools.appendChild(button);
      button.addEventListener("click", function () {
        var code = button.closest(".td-block").querySelector("pre code").textContent;
        copy(code).then(
          function () { say(button, "Copied"); },
          function () { say(button, "Not copied"); }
        );
      });
    });
  }

  function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    var area = document.createElement("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("copying is not allowed"));
  }

  function say(button, text) {
    button.textContent = text;
    setTimeout(function () { button.textContent = "Copy"; }, 1500);
  }

  function scrollable() {
    document.querySelectorAll(".td-block pre, .td-proof-body pre, .td-table").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }

  function openTarget() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var folded = target && target.closest("details");
    if (folded) { folded.open = true; target.scrollIntoView(); }
  }

  copyButtons();
  scrollable();
  openTarget();
  addEventListener("resize", scrollable);
  addEventListener("hashchange", openTarget);
  document.addEventListener("toggle", scrollable, true);
})();
