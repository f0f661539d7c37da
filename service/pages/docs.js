// The API for people: Swagger UI over /openapi.json, with the token of this tab.

import { speak } from "./i18n.js";
import { authorization, signIn } from "./signin.js";

const main = document.getElementById("main");

async function show() {
  const answer = await fetch("/openapi.json", { headers: { Accept: "application/json", ...authorization() } });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    await speak(navigator.language.toLowerCase().startsWith("pt") ? "pt-BR" : "en");
    main.replaceChildren(signIn(new Error(problem.detail ?? answer.statusText)));
    document.getElementById("token").focus();
    return;
  }
  const box = document.createElement("div");
  main.replaceChildren(box);
  const shown = window.SwaggerUIBundle({
    domNode: box,
    spec: await answer.json(),
    deepLinking: true,
    validatorUrl: null, // no foreign host learns of this service
    tryItOutEnabled: true,
    defaultModelsExpandDepth: 0,
    requestInterceptor(request) {
      request.headers = { ...authorization(), ...request.headers };
      return request;
    },
    onComplete() {
      const token = authorization().Authorization?.slice("Bearer ".length);
      if (token) shown.preauthorizeApiKey("token", token);
      main.dataset.shown = "api";
    },
  });
}

addEventListener("navigate", show); // what signing in ends with
addEventListener("DOMContentLoaded", show);
if (document.readyState !== "loading") show();
