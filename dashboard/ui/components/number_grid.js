// A table of numbers, an input each, that tells Python at once what was typed. Streamlit's own editor waits 150 ms.
export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".cells");
  const shape = JSON.stringify([data.label, data.names, data.cells.map((row) => row.length)]);
  if (host.shape !== shape) build(host, data);
  host.shape = shape;
  host.tell = () => setTriggerValue("rows", host.inputs.map((row) => row.map((input) => input.value)));
  data.cells.forEach((row, i) => row.forEach((cell, j) => show(host.inputs[i][j], cell)));
}

// A cell in which a person is typing keeps what they typed.
function show(input, cell) {
  const typing = input.getRootNode().activeElement === input && input.value !== input.given;
  input.given = cell;
  if (!typing) input.value = cell;
}

function build(host, { label, names, cells }) {
  const table = document.createElement("table");
  table.setAttribute("aria-label", label);
  const head = table.createTHead().insertRow();
  if (names.length) head.append(document.createElement("td"));
  cells[0].forEach((_, j) => head.append(header("col", String(j + 1))));
  const body = table.createTBody();
  host.inputs = cells.map((row, i) => {
    const line = body.insertRow();
    if (names.length) line.append(header("row", names[i]));
    return row.map((_, j) => {
      const input = document.createElement("input");
      input.setAttribute("aria-label", `${label}, row ${i + 1}${names.length ? ` (${names[i]})` : ""}, column ${j + 1}`);
      Object.assign(input, { inputMode: "decimal", autocomplete: "off", spellcheck: false });
      line.insertCell().append(input);
      listen(host, input, i, j);
      return input;
    });
  });
  host.replaceChildren(table);
}

function header(scope, text) {
  const cell = document.createElement("th");
  Object.assign(cell, { scope, textContent: text, title: text });
  return cell;
}

function listen(host, input, i, j) {
  const commit = () => {
    if (input.value === input.given) return;
    input.given = input.value;
    host.tell();
  };
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", commit);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (event.key === "Escape") input.value = input.given;
    if (event.key === "Enter") {
      commit();
      input.select();
    }
    if (step === undefined || !Number.isFinite(Number(input.value))) return;
    event.preventDefault();
    input.value = String(Math.round((Number(input.value) + step) * 1e6) / 1e6);
    commit();
  });
  input.addEventListener("paste", (event) => {
    const rows = event.clipboardData.getData("text").trimEnd().split(/\r?\n/).map((row) => row.split("\t"));
    if (rows.length === 1 && rows[0].length === 1) return;
    event.preventDefault();
    rows.forEach((row, k) => row.forEach((cell, m) => {
      const other = host.inputs[i + k]?.[j + m];
      if (other) other.value = other.given = cell.trim();
    }));
    host.tell();
  });
}
