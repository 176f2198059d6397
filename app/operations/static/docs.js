// A file of its own, so that the page's Content-Security-Policy can refuse inline scripts.
// A token entered under Authorize is kept by the open page alone and is gone with it.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  // Nothing is sent to an online validator.
  validatorUrl: null,
});
