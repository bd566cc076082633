// Gives each cell of a wide table the name of its column. On narrow screens site.css then shows a
// row as a list of names and values. Without JavaScript such tables scroll.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.table")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    if (names.length < 3) continue;
    table.classList.add("stacks");
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, i) => {
        cell.dataset.column = names[i] ?? "";
        cell.classList.toggle("blank", cell.textContent.trim() === "");
      });
    }
  }
});
