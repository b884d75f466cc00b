// Runs in a page that holds the report in frames of several widths: looks at each as it opens, uses it, and leaves what it
// found in the document for `--dump-dom`, one <pre> per frame, as JSON.
window.addEventListener("load", function () {
  var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;

  function all(page, selector) { return Array.from(page.querySelectorAll(selector)); }

  // Text and background of an element, as sRGB, and how far apart they are (WCAG 2.1).
  function colour(text) { return text.match(/[\d.]+/g).map(Number); }
  function luminance(rgb) {
    var linear = rgb.slice(0, 3).map(function (part) {
      part /= 255;
      return part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }
  function background(view, element) {
    for (; element; element = element.parentElement) {
      var found = colour(view.getComputedStyle(element).backgroundColor);
      if (found.length === 3 || found[3] === 1) { return found; }
    }
    return [255, 255, 255];
  }
  function contrast(view, element) {
    var one = luminance(colour(view.getComputedStyle(element).color)), other = luminance(background(view, element));
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  function look(view, page, problems) {
    var beyond = page.documentElement.scrollWidth - view.innerWidth;
    if (beyond > 0) { problems.push("scrolls sideways by " + beyond); }
    all(page, "body *").forEach(function (element) {
      if (element.getBoundingClientRect().right > view.innerWidth + 1 && !element.closest(".scroll, pre, svg, .skip")) {
        problems.push("too wide: " + element.tagName + "." + element.className);
      }
    });
    all(page, "svg.chart, section, figure").forEach(function (element) {
      var box = element.getBoundingClientRect();
      if (box.width < 50 || box.height < 50) { problems.push("not drawn: " + element.tagName + "#" + element.id); }
    });
    // Names stand on one line where they are short, and texts are no column of single words. One range for all: each that there
    // is slows every later change of the page down.
    var range = page.createRange();
    all(page, "tbody th").forEach(function (heading) {
      var text = (heading.querySelector(".tag") || heading).firstChild;
      if (!text || text.nodeType !== 3 || !/^\S{1,14}$/.test(text.data.trim()) || heading.getClientRects().length === 0) { return; }
      range.selectNodeContents(text);
      var lines = new Set(Array.from(range.getClientRects()).map(function (box) { return Math.round(box.top); }));
      if (lines.size > 1) { problems.push("broken name: " + text.data); }
    });
    all(page, "td.wide").forEach(function (cell) {
      var width = cell.getBoundingClientRect().width;
      if (width > 0 && width < 150 && view.innerWidth < 600) { problems.push("text in " + width + " pixels: " + cell.textContent.slice(0, 60)); }
    });
    view.performance.getEntriesByType("resource").forEach(function (entry) {
      if (!/^data:/.test(entry.name)) { problems.push("fetched: " + entry.name); }
    });
  }

  function readable(view, page, problems) {
    all(page, "body *:not(svg *):not(script):not(style)").forEach(function (element) {
      var own = Array.from(element.childNodes).some(function (node) { return node.nodeType === 3 && node.data.trim(); });
      if (!own || element.closest("[hidden], .skip, svg") || element.getClientRects().length === 0) { return; }
      var found = contrast(view, element);
      if (found < 4.5) { problems.push("contrast " + found.toFixed(2) + ": " + element.tagName + "." + element.className + " " + element.textContent.slice(0, 40)); }
    });
    var paper = luminance(colour(view.getComputedStyle(page.body).backgroundColor));
    if ((paper < 0.2) !== dark) { problems.push("paper of luminance " + paper + " in the " + (dark ? "dark" : "light")); }
    all(page, "button, a[href], select, input, summary, [tabindex]").forEach(function (element) {
      if (element.tabIndex < 0) { problems.push("not by keyboard: " + element.outerHTML.slice(0, 80)); }
      var name = element.getAttribute("aria-label") || element.textContent.trim() || (element.labels && element.labels.length);
      if (!name) { problems.push("no name: " + element.outerHTML.slice(0, 80)); }
    });
  }

  function said(cell) { return (cell.dataset.v !== undefined ? cell.dataset.v : cell.firstChild.textContent).trim(); }
  function shown(table) { return Array.from(table.tBodies[0].rows).filter(function (row) { return !row.hidden; }); }

  // Every column of every table, up, down and back.
  function sorts(page, problems) {
    var sorted = 0;
    all(page, "table").forEach(function (table) {
      var before = shown(table);
      all(table, "th").filter(function (th) { return th.querySelector(".sort"); }).forEach(function (heading) {
        var name = table.caption.textContent + " / " + heading.dataset.name;
        var place = heading.cellIndex, button = heading.querySelector(".sort");
        ["ascending", "descending"].forEach(function (direction) {
          button.click();
          if (heading.getAttribute("aria-sort") !== direction) { problems.push("aria-sort: " + name); }
          if (!heading.classList.contains("number")) { return; }
          var numbers = shown(table).map(function (row) { return parseFloat(said(row.cells[place]).replace("<", "")); });
          var known = numbers.filter(function (number) { return !isNaN(number); });
          for (var next = 1; next < known.length; next += 1) {
            if (direction === "ascending" ? known[next] < known[next - 1] : known[next] > known[next - 1]) {
              problems.push("not " + direction + ": " + name + ": " + known.join(" "));
              break;
            }
          }
          if (numbers.slice(0, known.length).some(isNaN)) { problems.push("what has no number is not last: " + name); }
          sorted += 1;
        });
        button.click();
        if (heading.getAttribute("aria-sort") !== "none" || shown(table).some(function (row, at) { return row !== before[at]; })) {
          problems.push("order not restored: " + name);
        }
      });
    });
    return sorted;
  }

  function filters(page, problems) {
    var filtered = 0;
    function change(field, value, event) { field.value = value; field.dispatchEvent(new Event(event, { bubbles: true })); }
    all(page, ".table").forEach(function (holder) {
      var table = holder.querySelector("table"), rows = shown(table).length;
      all(holder, ".tools select").forEach(function (select) {
        var wanted = select.options[select.options.length - 1].value;
        var heading = all(table, "th").find(function (th) { return th.dataset.name === select.dataset.column; });
        change(select, wanted, "change");
        var left = shown(table);
        if (left.length === 0 || left.length === rows && select.options.length > 2) { problems.push("filter does nothing: " + select.dataset.column); }
        left.forEach(function (row) {
          if (row.cells[heading.cellIndex].textContent.trim().indexOf(wanted) !== 0) { problems.push("filter lets through: " + wanted); }
        });
        change(select, "", "change");
        filtered += 1;
      });
      var search = holder.querySelector("input");
      if (search) {
        change(search, "no such thing", "input");
        if (shown(table).length !== 0 || !/^0 of /.test(holder.querySelector(".count").textContent)) { problems.push("search finds what is not there"); }
        change(search, "", "input");
        filtered += 1;
      }
      if (shown(table).length !== rows) { problems.push("filter not taken back: " + table.caption.textContent); }
    });
    var choose = page.querySelector("[data-choose] select");
    if (choose) {
      change(choose, choose.options[1].value, "change");
      var articles = all(page, "article[data-model]").filter(function (article) { return !article.hidden; });
      if (articles.length !== 1 || articles[0].dataset.model !== choose.options[1].value) { problems.push("models are not chosen"); }
      change(choose, "", "change");
    }
    return filtered;
  }

  // Arrow keys tell values; a pointer does too.
  function points(view, page, problems) {
    var tip = page.getElementById("tip"), told = 0;
    all(page, "svg.chart").forEach(function (chart) {
      var spots = all(chart, ".spot");
      if (spots.length === 0) { return; }
      function key(name) { chart.dispatchEvent(new view.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true })); }
      key("End");
      var last = tip.textContent;
      key("Home");
      if (tip.hidden || !tip.textContent || last !== spots[spots.length - 1].dataset.tip) { problems.push("arrow keys tell nothing: " + chart.getAttribute("aria-label").slice(0, 60)); }
      key("Escape");
      if (!tip.hidden) { problems.push("Escape leaves the value"); }
      spots[0].dispatchEvent(new view.PointerEvent("pointerenter"));
      if (tip.hidden || tip.textContent !== spots[0].dataset.tip) { problems.push("pointing tells nothing"); }
      chart.dispatchEvent(new view.PointerEvent("pointerleave"));
      told += spots.length;
    });
    return told;
  }

  function prints(view, page, problems) {
    var closed = all(page, "details:not([open])").length;
    view.dispatchEvent(new Event("beforeprint"));
    if (all(page, "details:not([open]):not(.tall)").length) { problems.push("closed on paper"); }
    view.dispatchEvent(new Event("afterprint"));
    if (all(page, "details:not([open])").length !== closed) { problems.push("left open after printing"); }
  }

  // What the buttons hand out: as many lines as rows, as many fields in each, numbers that programs read.
  function takes(view, page, problems) {
    var blobs = [];
    view.URL.createObjectURL = function (blob) { blobs.push(blob); return "about:blank"; };
    view.HTMLAnchorElement.prototype.click = function () {};
    var tables = all(page, ".table").filter(function (holder) { return holder.querySelector(".csv"); });
    tables.forEach(function (holder) { holder.querySelector(".csv").click(); });
    return Promise.all(blobs.map(function (blob) { return blob.text(); })).then(function (files) {
      files.forEach(function (file, at) {
        var table = tables[at].querySelector("table");
        var rows = file.trimEnd().split("\r\n").map(function (line) {
          return line.match(/("([^"]|"")*"|[^",]*)(,|$)/g).slice(0, -1).concat(/,$/.test(line) ? [""] : []).map(function (field) { return field.replace(/,$/, ""); });
        });
        if (rows.length !== table.tBodies[0].rows.length + 1) { problems.push("CSV of " + rows.length + " lines: " + table.caption.textContent); }
        all(table, "th.number[scope=col]").forEach(function (heading) {
          var place = rows[0].map(function (field) { return field.replace(/^"|"$/g, ""); }).indexOf(heading.dataset.name);
          rows.slice(1).forEach(function (row) {
            var field = row[place];
            if (place < 0 || field !== "" && isNaN(Number(field)) && !/^< 0\.001$/.test(field) && !/ %$/.test(field)) {
              problems.push("CSV field `" + field + "` of " + heading.dataset.name + ": " + table.caption.textContent);
            }
          });
        });
      });
      return { files: files.length, first: files[0] || "" };
    });
  }

  Promise.all(all(document, "iframe").map(function (frame) {
    var view = frame.contentWindow, page = frame.contentDocument, problems = [];
    look(view, page, problems);
    var answer = { width: view.innerWidth, dark: dark, charts: all(page, "svg.chart").length };
    prints(view, page, problems);
    all(page, "details").forEach(function (details) { details.open = true; });
    look(view, page, problems);
    readable(view, page, problems);
    answer.sorted = sorts(page, problems);
    answer.filtered = filters(page, problems);
    answer.told = points(view, page, problems);
    answer.playable = all(page, "button.play").length;
    return takes(view, page, problems).then(function (taken) {
      answer.csv = taken.files;
      answer.first_csv = taken.first;
      answer.problems = Array.from(new Set(problems));
      return answer;
    });
  })).then(function (answers) {
    answers.forEach(function (answer) {
      var pre = document.createElement("pre");
      pre.className = "answer";
      pre.textContent = JSON.stringify(answer);
      document.body.appendChild(pre);
    });
  });
});
