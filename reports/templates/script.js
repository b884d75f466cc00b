// What a page of text cannot do: sort and filter tables, hand them out as CSV, tell the values under the pointer or the
// arrow keys, play recordings. Without this script everything is there to read; nothing here asks the network.
(function () {
  "use strict";

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  // What a cell says, without the smaller text below.
  function text(cell) {
    var copy = cell.cloneNode(true);
    all("small, button, audio, summary", copy).forEach(function (part) { part.remove(); });
    return copy.textContent.trim();
  }

  function note(cell) {
    var small = cell.querySelector("small");
    return small ? small.textContent.trim() : "";
  }

  // What a machine reads in a cell.
  function value(cell) {
    return cell.dataset.v !== undefined ? cell.dataset.v : text(cell);
  }

  function plural(count, one) {
    return count + " " + one + (count === 1 ? "" : "s");
  }

  // --- CSV (RFC 4180) ---

  function quoted(field) {
    return /[",\r\n]/.test(field) ? '"' + field.replace(/"/g, '""') + '"' : field;
  }

  // The rows that are shown. Intervals and remarks get columns of their own.
  function csv(table) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows).filter(function (row) { return !row.hidden; });
    var columns = [];
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (heading, place) {
      var name = heading.dataset.name;
      var cells = rows.map(function (row) { return row.cells[place]; });
      columns.push([name].concat(cells.map(value)));
      if (cells.some(function (cell) { return cell.dataset.lo !== undefined; })) {
        columns.push([name + " low"].concat(cells.map(function (cell) { return cell.dataset.lo || ""; })));
        columns.push([name + " high"].concat(cells.map(function (cell) { return cell.dataset.hi || ""; })));
      } else if (cells.some(note)) {
        columns.push([name + " note"].concat(cells.map(note)));
      }
    });
    var lines = [];
    for (var line = 0; line <= rows.length; line += 1) {
      lines.push(columns.map(function (column) { return quoted(column[line]); }).join(","));
    }
    return lines.join("\r\n") + "\r\n";
  }

  function download(table) {
    var name = table.caption.textContent.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
    var address = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
    var link = make("a", { href: address, download: (name || "table") + ".csv" });
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(address); }, 10000);
  }

  // --- Sorting: ascending, descending, as it was ---

  var NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  function sort(table, heading, place, original) {
    var body = table.tBodies[0];
    var direction = NEXT[heading.getAttribute("aria-sort") || "none"];
    all("th[aria-sort]", table.tHead).forEach(function (other) { other.setAttribute("aria-sort", "none"); });
    heading.setAttribute("aria-sort", direction);
    var rows = original.slice();
    if (direction !== "none") {
      var numeric = heading.classList.contains("number");
      var sign = direction === "ascending" ? 1 : -1;
      rows = rows.map(function (row) {
        var read = value(row.cells[place]);
        return { row: row, key: numeric ? parseFloat(read.replace(/^[<>≤≥ ]+/, "")) : read };
      }).sort(function (one, other) {
        var a = one.key, b = other.key;
        // What has no value stays at the end.
        var missing = numeric ? (isNaN(a) ? 1 : 0) - (isNaN(b) ? 1 : 0) : (a === "" ? 1 : 0) - (b === "" ? 1 : 0);
        if (missing || (numeric && isNaN(a))) { return missing; }
        return sign * (numeric ? a - b : a.localeCompare(b, "en", { numeric: true }));
      }).map(function (entry) { return entry.row; });
    }
    rows.forEach(function (row) { body.appendChild(row); });
  }

  // --- Filtering ---

  // Fewer rows than these are seen at a glance.
  var SOME = 8, MANY = 12;

  // A field to search all cells, and a choice of values for the columns that ask for one.
  function filters(table, bar) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var caption = table.caption.textContent;
    var said = make("span", { "class": "count", role: "status" });
    var choices = [];
    all("th", table.tHead).forEach(function (heading, place) {
      if (!heading.hasAttribute("data-filter")) { return; }
      var values = [];
      rows.forEach(function (row) {
        var read = text(row.cells[place]);
        if (values.indexOf(read) < 0) { values.push(read); }
      });
      if (values.length < 2 || values.length > 60) { return; }
      var label = make("label", {}, heading.dataset.name + " ");
      var select = make("select", { "data-column": heading.dataset.name });
      select.appendChild(make("option", { value: "" }, "all"));
      values.forEach(function (read) { select.appendChild(make("option", { value: read }, read)); });
      label.appendChild(select);
      bar.appendChild(label);
      choices.push({ place: place, select: select });
    });
    if (choices.length === 0 && rows.length < MANY) { return; }
    var search = make("input", { type: "search", placeholder: "Search", "aria-label": "Search in: " + caption });
    bar.appendChild(search);
    function apply() {
      var wanted = search.value.trim().toLowerCase();
      var shown = 0;
      rows.forEach(function (row) {
        row.hidden = !choices.every(function (choice) {
          return choice.select.value === "" || text(row.cells[choice.place]) === choice.select.value;
        }) || (wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0);
        if (!row.hidden) { shown += 1; }
      });
      said.textContent = shown === rows.length ? "" : shown + " of " + plural(rows.length, "row");
    }
    search.addEventListener("input", apply);
    choices.forEach(function (choice) { choice.select.addEventListener("change", apply); });
    bar.appendChild(said);
  }

  all(".table").forEach(function (holder) {
    var table = holder.querySelector("table");
    var original = Array.prototype.slice.call(table.tBodies[0].rows);
    var bar = make("div", { "class": "tools" });
    all("th", table.tHead).forEach(function (heading, place) {
      var name = heading.textContent.trim();
      heading.dataset.name = name;
      if (original.length < 2) { return; }
      var button = make("button", { type: "button", "class": "sort" }, name);
      heading.setAttribute("aria-sort", "none");
      heading.textContent = "";
      heading.appendChild(button);
      button.addEventListener("click", function () { sort(table, heading, place, original); });
    });
    if (original.length >= SOME) { filters(table, bar); }
    if (original.length > 0) {
      var save = make("button", { type: "button", "class": "csv", "aria-label": "Download as CSV: " + table.caption.textContent }, "CSV");
      save.addEventListener("click", function () { download(table); });
      bar.appendChild(save);
    }
    if (bar.children.length < 2) { bar.classList.add("only"); }
    holder.insertBefore(bar, holder.firstChild);
  });

  // --- One model at a time ---

  all("[data-choose]").forEach(function (bar) {
    var models = all("article[data-model]", bar.parentNode);
    if (models.length < 2) { return; }
    [["Model", "model"], ["Protocol", "protocol"]].forEach(function (kind) {
      var values = [];
      models.forEach(function (model) {
        var name = model.dataset[kind[1]];
        if (values.indexOf(name) < 0) { values.push(name); }
      });
      if (values.length < 2) { return; }
      var label = make("label", {}, kind[0] + " ");
      var select = make("select", { "data-kind": kind[1] });
      select.appendChild(make("option", { value: "" }, "all"));
      values.forEach(function (name) { select.appendChild(make("option", { value: name }, name)); });
      label.appendChild(select);
      bar.appendChild(label);
    });
    var said = make("span", { "class": "count", role: "status" });
    bar.appendChild(said);
    bar.classList.add("tools");
    bar.addEventListener("change", function () {
      var shown = 0;
      models.forEach(function (model) {
        model.hidden = !all("select", bar).every(function (select) {
          return select.value === "" || model.dataset[select.dataset.kind] === select.value;
        });
        if (!model.hidden) { shown += 1; }
      });
      said.textContent = shown === models.length ? "" : shown + " of " + plural(models.length, "model");
    });
  });

  // --- Values of charts, under the pointer or by arrow keys ---

  var tip = make("div", { id: "tip", role: "status", hidden: "" });
  document.body.appendChild(tip);
  var current = null;

  function leave() {
    if (current) { current.classList.remove("on"); }
    current = null;
    tip.hidden = true;
  }

  function show(spot) {
    if (current !== spot) {
      if (current) { current.classList.remove("on"); }
      current = spot;
      spot.classList.add("on");
      tip.textContent = spot.dataset.tip;
      tip.hidden = false;
    }
    var box = spot.getBoundingClientRect();
    var own = tip.getBoundingClientRect();
    var left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), document.documentElement.clientWidth - own.width - 8);
    var top = box.top - own.height - 8;
    if (top < 8) { top = Math.min(box.bottom + 8, window.innerHeight - own.height - 8); }
    tip.style.left = left + "px";
    tip.style.top = top + "px";
  }

  all("svg.chart").forEach(function (chart) {
    var spots = all(".spot", chart);
    if (spots.length === 0) { return; }
    spots.forEach(function (spot) {
      var title = spot.querySelector("title");
      // Else the browser's own tip would come late and on top.
      spot.dataset.tip = title.textContent;
      title.remove();
      spot.addEventListener("pointerenter", function () { show(spot); });
      spot.addEventListener("pointerdown", function () { show(spot); });
    });
    chart.addEventListener("pointerleave", leave);
    chart.setAttribute("tabindex", "0");
    chart.setAttribute("aria-roledescription", "chart, arrow keys tell its values");
    chart.addEventListener("keydown", function (event) {
      var place = spots.indexOf(current);
      var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        place = place < 0 ? (step > 0 ? 0 : spots.length - 1) : Math.min(Math.max(place + step, 0), spots.length - 1);
      } else if (event.key === "Home") {
        place = 0;
      } else if (event.key === "End") {
        place = spots.length - 1;
      } else {
        if (event.key === "Escape") { leave(); }
        return;
      }
      event.preventDefault();
      show(spots[place]);
    });
    chart.addEventListener("blur", leave);
  });
  window.addEventListener("scroll", function () { if (current && document.activeElement !== current.closest("svg")) { leave(); } }, { passive: true });

  // --- Recordings: played in place, from disk ---

  var player = null, playing = null;

  function stop() {
    if (player) { player.pause(); }
    if (playing) {
      playing.textContent = "▶";
      playing.setAttribute("aria-label", playing.getAttribute("aria-label").replace(/^Stop/, "Play"));
    }
    player = null;
    playing = null;
  }

  all("a.listen").forEach(function (link) {
    // A recording inside the page has controls of its own.
    if (link.nextElementSibling && link.nextElementSibling.tagName === "AUDIO") { return; }
    var name = link.textContent === "Listen" ? decodeURIComponent(link.getAttribute("href").split("/").pop()) : link.textContent;
    var button = make("button", { type: "button", "class": "play", "aria-label": "Play " + name }, "▶");
    button.addEventListener("click", function () {
      var same = playing === button;
      stop();
      if (same) { return; }
      player = new Audio(link.href);
      playing = button;
      button.textContent = "■";
      button.setAttribute("aria-label", "Stop " + name);
      player.addEventListener("ended", stop);
      player.addEventListener("error", function () {
        stop();
        if (!link.parentNode.querySelector(".gone")) {
          link.insertAdjacentElement("afterend", make("small", { "class": "gone", role: "status" }, "cannot be played from here"));
        }
      });
      player.play().catch(function () {});
    });
    link.parentNode.insertBefore(button, link);
  });

  // --- Paper: what is closed is opened, what was filtered comes back, and all as it was afterwards ---

  var opened = [], hidden = [];
  window.addEventListener("beforeprint", function () {
    leave();
    opened = all("details:not([open])").filter(function (details) { return !details.classList.contains("tall"); });
    opened.forEach(function (details) { details.open = true; });
    hidden = all("article[hidden]");
    hidden.forEach(function (article) { article.hidden = false; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
    hidden.forEach(function (article) { article.hidden = true; });
  });
})();
