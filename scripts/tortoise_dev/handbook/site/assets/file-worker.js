// A browser starts no worker for a page that was opened as a file. There the search runs in a hidden frame.
(function () {
  "use strict";
  if (location.protocol !== "file:") return;

  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.onmessage = null;
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.title = "Search";
      document.body.appendChild(this.frame);
      var inner = this.frame.contentWindow;
      inner.postMessage = (data) => this.tell(this, data);
      inner.importScripts = function () {};
      var script = inner.document.createElement("script");
      script.src = address;
      script.onload = () => {
        this.waiting.splice(0).forEach((data) => this.tell(inner, data));
        this.waiting = null;
      };
      inner.document.body.appendChild(script);
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data);
      else this.tell(this.frame.contentWindow, data);
    }

    terminate() {
      this.frame.remove();
    }

    tell(receiver, data) {
      var copy = structuredClone(data); // as between threads: neither side sees what the other changes later
      setTimeout(function () {
        var event = new MessageEvent("message", { data: copy });
        if (receiver.onmessage && !("document" in receiver)) receiver.onmessage(event);
        receiver.dispatchEvent(event);
      });
    }
  };
})();
