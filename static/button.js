// A button where it stands: <script src="…/static/button.js" data-link="…" async></script>
// data-lang: else the page's. data-ref: a reference; if empty, the ref of the page's address.
{
  const script = document.currentScript, { link, lang, ref } = script.dataset;
  const words = {
bg:"Потвърдете сега",cs:"Ověřit nyní",da:"Bekræft nu",de:"Jetzt verifizieren",
el:"Επαλήθευση τώρα",en:"Verify now",es:"Verificar ahora",et:"Kinnita kohe",fi:"Vahvista nyt",
fr:"Vérifier maintenant",hi:"अभी सत्यापित करें",hr:"Potvrdi sada",hu:"Igazolás most",
id:"Verifikasi sekarang",it:"Verifica ora",ja:"今すぐ確認する",ko:"지금 확인하기",lt:"Patvirtinti dabar",
lv:"Apstiprināt tagad",nl:"Nu verifiëren",no:"Bekreft nå",pl:"Potwierdź teraz",
pt:"Verificar agora",ro:"Verificați acum",ru:"Подтвердить сейчас",sl:"Potrdi zdaj",
sk:"Overiť teraz",sr:"Потврди сада",sv:"Bekräfta nu",th:"ยืนยันตอนนี้",tr:"Şimdi doğrula",
uk:"Підтвердити зараз",vi:"Xác minh ngay",zh:"立即验证",tw:"立即驗證"
  };
  const tag = (lang || document.documentElement.lang).toLowerCase().replace(/^n[bn]\b/, "no");
  const key = /^zh.(hant|tw|hk|mo)/.test(tag) ? "tw" : tag.split(/\W|_/)[0];
  const a = document.createElement("a");
  a.textContent = words[key] || words.en;
  a.lang = words[key] ? tag : "en";
  const given = ref || (ref === "" && new URLSearchParams(location.search).get("ref"));
  // As text, for a signed address must stay as it is.
  a.href = link + (link.includes("?") ? "&" : "?") + "via=button" +
    (given ? "&ref=" + encodeURIComponent(given) : "");
  a.target = "_top";
  a.rel = "nofollow";
  a.style.cssText = "display:inline-block;padding:.75em 1.5em;border-radius:.5em;" +
    "background:#1d4ed8;color:#fff;font:600 1rem/1.5 sans-serif;text-decoration:none";
  if (/^https?:/i.test(link)) script.after(a);
}
