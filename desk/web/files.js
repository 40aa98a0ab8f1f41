// files.js - the files of a disk, and their retrieval.
import {api} from './api.js';
import {el, say, save, busy, during} from './dom.js';
import {askReason} from './library.js';
import {texts} from './texts.js';

const SHOWN_MOST = 2000; // rows at a time

// Names of files stand for themselves, and not for a pattern.
const literally = (path) => path.replace(/[[*?]/g, '[$&]');

// The shortest list that names what is chosen: a folder of which everything is, by its own name, unless something closed might be in it.
function names(files, chosen, closed) {
  const above = (path) => (closed ? [] : [...path.matchAll(/\//g)].map(({index}) => path.slice(0, index)));
  const broken = new Set(files.filter((file) => !chosen.has(file.path)).flatMap((file) => above(file.path)));
  return [...new Set([...chosen].map((path) => above(path).find((folder) => !broken.has(folder)) || path))].map(literally);
}

const list = (of) => during(texts.listing, of.session ? 'session-files' : 'files', api.jobs, api.files(of));

// What is closed is shown to an archivist who gives a reason.
async function withReason(of, me, show) {
  try {
    return await show(of);
  } catch (error) {
    if (error.status !== 403 || me.role !== 'archivist' || !(of.reason = await askReason())) throw error;
    return show(of);
  }
}

// A machine may have several disks, and a disk several partitions.
export async function filesPage(of, me) {
  const volumes = (await withReason(of, me, api.volumes)).filter((volume) => volume.drive);
  if (volumes.length) of.drive = volumes[0].drive;
  let files = [], closed = false; // closed: some are not in the list, as they are
  const chosen = new Set();
  const body = el('tbody'), count = el('p', {class: 'small', role: 'status'});
  const button = el('button', {class: 'main', disabled: true, title: texts.retrieveHint, onclick: () => busy(button, retrieve).then(update)}, texts.retrieve);
  const all = el('input', {type: 'checkbox', 'aria-label': texts.selectAll, onchange: () => {
    for (const file of shown()) all.checked ? chosen.add(file.path) : chosen.delete(file.path);
    draw();
  }});
  const filter = el('input', {type: 'search', placeholder: texts.filter, 'aria-label': texts.filter, oninput: () => draw()});

  const warning = el('p', {class: 'warning', role: 'status'});
  const disk = volumes.length > 1 && el('select', {'aria-label': texts.disk, onchange: async () => {
    of.drive = disk.value;
    await load().catch((error) => say(texts.failed(error.message), true));
  }}, volumes.map((volume) => el('option', {value: volume.drive}, texts.volume(volume))));

  async function load() {
    chosen.clear();
    all.checked = false;
    more.textContent = '';
    table.hidden = true;
    warning.replaceChildren();
    const listing = await withReason(of, me, list), rest = listing.find((line) => line.warning);
    closed = Boolean(rest?.closed);
    if (rest) warning.replaceChildren(texts.notAll(rest.warning), ' ', closed && me.role === 'archivist' && !of.session && !of.reason ? el('button', {onclick: again}, texts.override) : '');
    files = listing.filter((file) => file.path !== undefined && !file.attributes.startsWith('D'));
    draw();
  }

  // With what is closed, for a reason.
  async function again() {
    of.reason = await askReason();
    await load().catch((error) => {
      of.reason = null;
      say(texts.failed(error.message), true);
    });
  }

  const shown = () => files.filter((file) => file.path.toLowerCase().includes(filter.value.toLowerCase()));

  function update() {
    const size = files.filter((file) => chosen.has(file.path)).reduce((sum, file) => sum + file.size, 0);
    count.textContent = texts.selected(chosen.size, texts.bytes(size));
    button.disabled = !chosen.size;
  }

  function row(file) {
    const box = el('input', {type: 'checkbox', checked: chosen.has(file.path), 'aria-label': `${texts.select}: ${file.path}`, onchange: () => {
      box.checked ? chosen.add(file.path) : chosen.delete(file.path);
      update();
    }});
    return el('tr', {onclick: (event) => event.target !== box && box.click()},
      el('td', {}, box), el('td', {class: 'name'}, file.path), el('td', {class: 'number'}, texts.bytes(file.size)), el('td', {}, file.modified));
  }

  function draw() {
    const found = shown();
    body.replaceChildren(...found.slice(0, SHOWN_MOST).map(row));
    more.textContent = found.length > SHOWN_MOST ? texts.moreFiles(SHOWN_MOST, found.length) : !files.length ? texts.noFiles : !found.length ? texts.noFilesFound : '';
    table.hidden = !found.length;
    update();
  }

  async function retrieve() {
    say(texts.retrieving);
    try {
      const response = await during(texts.retrieving, of.session ? 'session-retrieve' : 'retrieve', api.jobs, api.retrieve(of, names(files, chosen, closed)));
      const inPart = response.headers.get('content-type').includes('in-part');
      save(await response.blob(), `${(of.archive || of.session).replace(/\.mun$/, '')}-records.zip`);
      say(inPart ? texts.retrievedInPart : texts.retrieved, inPart);
    } catch (error) {
      say(texts.failed(error.message), true);
    }
  }

  const more = el('p', {role: 'status'});
  const table = el('table', {}, el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, all), el('th', {scope: 'col'}, texts.path),
    el('th', {scope: 'col', class: 'number'}, texts.size), el('th', {scope: 'col'}, texts.modified))), body);
  if (of.drive) await load();
  else draw();
  const back = of.session ? `#/session/${of.session}` : `#/archive/${encodeURIComponent(of.archive)}`;
  return {
    title: texts.filesTitle,
    content: [
      el('p', {class: 'small'}, el('a', {href: back}, of.archive || texts.backToSession)),
      el('div', {class: 'top'}, el('h1', {tabIndex: -1}, texts.filesTitle, ' ', el('small', {}, of.session ? texts.filesSession : texts.filesSealed)), filter),
      disk || '', warning, table, more,
      el('div', {class: 'bar'}, count, el('span', {class: 'small hint'}, texts.retrieveHint), button),
    ],
  };
}
