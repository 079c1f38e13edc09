// What the page does beyond HTML: keys, menus, clocks that run, theme. Every decision works without this file.
(() => {
  "use strict";

  const root = document.documentElement;
  const words = document.body.dataset;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const keep = (name, value) => {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch {
      // Storage is blocked: the choice lasts until the page is left.
    }
  };

  // Time: the same words as itsm/portal/spans.py

  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const fill = (pattern, text) => pattern.replace("%s", text);

  const span = (seconds) => {
    const minutes = Math.floor(Math.abs(seconds) / MINUTE);
    if (!minutes) return words.underMinute;
    const days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60), rest = minutes % 60;
    if (days) return `${days} ${words.d}` + (hours ? ` ${hours} ${words.h}` : "");
    if (hours) return `${hours} ${words.h}` + (rest ? ` ${rest} ${words.min}` : "");
    return `${rest} ${words.min}`;
  };

  const relative = (seconds) => {
    const length = Math.abs(seconds);
    if (length < MINUTE) return words.now;
    let text = `${Math.floor(length / MINUTE)} ${words.min}`;
    if (length >= DAY) text = `${Math.floor(length / DAY)} ${words.d}`;
    else if (length >= HOUR) text = `${Math.floor(length / HOUR)} ${words.h}`;
    return fill(seconds > 0 ? words.ago : words.in, text);
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const tickRelative = (now) => {
    for (const element of all("time[data-relative]")) {
      const seconds = (now - Date.parse(element.dateTime)) / 1000;
      if (Math.abs(seconds) < 7 * DAY) write(element, relative(seconds));
    }
  };

  const tickClocks = (now) => {
    for (const clock of all("[data-clock]")) {
      const left = (Date.parse(clock.dataset.due) - now) / 1000;
      const warn = clock.dataset.warn && now >= Date.parse(clock.dataset.warn);
      const css = left <= 0 ? "is-over" : warn ? "is-warn" : "is-running";
      if (!clock.classList.contains(css)) {
        clock.classList.remove("is-over", "is-warn", "is-running");
        clock.classList.add(css);
      }
      const use = left <= 0 && clock.querySelector("use");
      if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#state-late"));
      write(clock.querySelector("time"), fill(left <= 0 ? words.over : words.left, span(left)));
    }
  };

  const clockFormat = (zone) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const barClocks = all("[data-zone-clock]").map((element) => [element, clockFormat(element.dataset.zoneClock)]);

  const tick = () => {
    const now = Date.now();
    tickRelative(now);
    tickClocks(now);
    for (const [element, format] of barClocks) write(element, format.format(now));
  };

  tick();
  setInterval(() => document.hidden || tick(), 30000);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
  document.addEventListener("htmx:afterSettle", tick);

  // Theme: system, light, dark, round and round

  const themes = ["", "light", "dark"];
  const showTheme = (button) => {
    const name = words[`theme${root.dataset.theme || "system"}`];
    const text = button.querySelector("[data-theme-name]");
    if (text) text.textContent = name;
    else button.setAttribute("aria-label", name);
    button.title = name;
    const icon = { light: "sun", dark: "moon" }[root.dataset.theme] || "contrast";
    const use = button.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  };

  for (const button of all("[data-theme-toggle]")) {
    button.hidden = false;
    showTheme(button);
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length];
      if (next) root.dataset.theme = next;
      else delete root.dataset.theme;
      keep("theme", next);
      all("[data-theme-toggle]").forEach(showTheme);
    });
  }

  for (const button of all("[data-rail-toggle]")) {
    button.hidden = false;
    const show = () => button.setAttribute("aria-pressed", String(root.dataset.rail === "narrow"));
    show();
    button.addEventListener("click", () => {
      const narrow = root.dataset.rail !== "narrow";
      if (narrow) root.dataset.rail = "narrow";
      else delete root.dataset.rail;
      keep("rail", narrow ? "narrow" : "");
      show();
    });
  }

  // Menus are details: one at a time, closed by Escape and by a click beside them

  const closeMenus = (except) => {
    for (const menu of all("details[data-menu][open]")) if (!menu.contains(except)) menu.open = false;
  };

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const dialog = event.target.closest("dialog");
    if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) dialog.close();
  });

  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.menu[open]")) return;
    event.target.querySelector("textarea, input:not([type=hidden]), select")?.focus();
  }, true);

  // Lists: a row opens its record; j, k move, x selects

  const rowLinks = () => all(".row-link").filter((link) => link.offsetParent);

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const link = row?.querySelector(".row-link");
    if (!link || event.target.closest("a, button, input, label, select, summary, details")) return;
    if (event.defaultPrevented || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  });

  const move = (step) => {
    const links = rowLinks();
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    next.focus({ preventScroll: true });
    next.closest("tr")?.scrollIntoView({ block: "nearest" });
  };

  const select = () => {
    const box = document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]");
    if (box) box.click();
  };

  const follow = (rel) => document.querySelector(`.pager a[rel=${rel}]`)?.click();

  const keys = {
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    x: select,
    n: () => follow("next"),
    p: () => follow("prev"),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    if (event.key === "Escape") {
      const menu = event.target.closest("details[data-menu][open]");
      closeMenus(null);
      if (menu) menu.querySelector("summary").focus();
      else if (typing?.id === "search") typing.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Bulk: one box selects all of the page, the bar says how many

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (!form || event.target.type !== "checkbox") return;
    const boxes = all("tbody input[type=checkbox]", form);
    if (!boxes.length) return;
    const allBox = form.querySelector("[data-select-all]");
    if (event.target === allBox) for (const box of boxes) box.checked = allBox.checked;
    const chosen = boxes.filter((box) => box.checked).length;
    if (allBox) {
      allBox.checked = chosen === boxes.length;
      allBox.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    for (const count of all("[data-chosen]", form)) write(count, String(chosen));
  });

  // Forms: empty filters stay out of the address, a second press sends nothing twice, errors get the focus

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-clean]")) for (const input of all("input, select", form)) if (!input.value) input.disabled = true;
    if (form.method === "post" && !event.defaultPrevented && !form.closest("[hx-post], [data-hx-post]")) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 4000);
    }
  });

  window.addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
    for (const input of all("[data-clean] :disabled")) input.disabled = false;
  });

  document.querySelector("[data-focus]")?.focus();

  // Live parts: nobody polls for a page that nobody sees, nor under a menu that is being used

  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.getAttribute("hx-trigger")?.startsWith("every")) return;
    if (document.hidden || part.querySelector("details[open][data-menu], :focus:is(input, textarea, select)")) event.preventDefault();
  });

  // Live parts: say what went wrong when no answer came

  const tell = (text) => {
    const area = document.getElementById("messages");
    const box = document.getElementById("no-answer")?.content.cloneNode(true);
    if (!area || !box) return;
    box.querySelector("[data-text]").textContent = text;
    area.replaceChildren(box);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = new URL(event.detail.xhr.responseURL || location.href).pathname;
    if (answered !== words.signIn || location.pathname === words.signIn) return;
    event.detail.shouldSwap = false;
    tell(words.signedOut);
  });
  document.addEventListener("htmx:sendError", () => tell(words.noAnswer));
  document.addEventListener("htmx:timeout", () => tell(words.noAnswer));
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "messages" && !event.detail.target.children.length) tell(words.badAnswer);
  });
})();
