// Without this script every page works as well. With it, figures are fetched anew, and nothing else happens.
'use strict';

const main = document.querySelector('main[data-renewed]');
if (main) {
  const renew = async () => {
    // Nobody looks, or somebody is at work on the page.
    const busy = main.contains(document.activeElement) && document.activeElement !== main;
    if (document.hidden || busy || String(getSelection())) return;
    const response = await fetch(location.href, { headers: { 'x-renewal': '1' } });
    if (response.status === 401) location.reload();
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
    if (!fresh) return;
    // What was opened stays open.
    const open = [...main.querySelectorAll('details')].map((details) => details.open);
    fresh.querySelectorAll('details').forEach((details, index) => { details.open = open[index] ?? details.open; });
    main.replaceChildren(...fresh.childNodes);
  };
  // A page that cannot be had now is asked for again.
  setInterval(() => renew().catch(() => {}), Number(main.dataset.renewed) * 1000);
}
