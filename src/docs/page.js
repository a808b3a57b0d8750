const box = document.querySelector("#find");
box.hidden = false;
box.addEventListener("input", (event) => {
  const word = event.target.value.trim().toLowerCase();
  for (const article of document.querySelectorAll("article")) {
    article.hidden = !article.dataset.words.includes(word);
  }
  for (const family of document.querySelectorAll(".family")) {
    family.hidden = !family.querySelector("article:not([hidden])");
  }
});
