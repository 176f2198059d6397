// A file of its own, so that the page's Content-Security-Policy can refuse inline scripts.
// A token entered under Authorize is kept by the open page alone and is gone with it.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Nothing is sent to an online validator.
  validatorUrl: null,
});

// Swagger UI has dark colours and leaves it to the page to choose them.
const dark = matchMedia("(prefers-color-scheme: dark)");
const choose = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", choose);
choose();
