// archive.js - one archive: what it says of itself, and what can be done with it.
import {api} from './api.js';
import {el, say, busy, during} from './dom.js';
import {texts} from './texts.js';
import {picture, rightsChip, checkChip, doubt, verdict, isGood, openSession} from './library.js';

const FINDINGS_MOST = 20; // that are listed

const short = (digest) => el('code', {title: digest}, `${digest.slice(0, 16)}…`);

function row(field, value) {
  const empty = value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
  return empty ? [] : [el('dt', {}, texts.fields[field]), el('dd', {}, Array.isArray(value) ? value.join(', ') : value)];
}

// What is wrong, and where; the last check says that something is.
function findings(found) {
  const rest = found.length - FINDINGS_MOST;
  return el('ul', {class: 'findings'}, found.slice(0, FINDINGS_MOST).map((one) => el('li', {}, texts.finding(one))), rest > 0 && el('li', {}, texts.moreFindings(rest)));
}

const verify = (name, button, shown) => busy(button, async () => {
  say(texts.verifying);
  try {
    const [result] = await during(texts.verifying, 'verify', api.jobs, api.verify(name));
    say(texts.verified(verdict(result.verdict)), !isGood(result.verdict));
    await shown(result.findings);
  } catch (error) {
    say(texts.failed(error.message), true);
  }
});

export async function archivePage(name, me) {
  const archive = await api.archive(name);
  const title = archive.title || name;
  const checked = el('span', {}), warning = el('p', {class: 'warning', role: 'status'});
  let listed = {file: name};
  // The library knows of the last check.
  const wrong = el('dd', {hidden: true}), wrongTerm = el('dt', {hidden: true}, texts.fields.findings);
  const showCheck = async (list = []) => {
    wrong.replaceChildren(findings(list));
    wrong.hidden = wrongTerm.hidden = !list.length;
    const found = (await api.library().catch(() => [])).find((one) => one.file === name);
    if (!found || found.wrong) return;
    listed = found;
    checked.replaceChildren(checkChip(found));
    warning.textContent = doubt(found);
  };
  const open = el('button', {class: 'main', onclick: () => openSession(listed, open, me)}, texts.open);
  const powerOn = el('button', {title: texts.powerOnHint, onclick: () => openSession(listed, powerOn, me, 'power-on')}, texts.powerOn);
  const check = me.role === 'archivist' && el('button', {onclick: () => verify(name, check, showCheck)}, texts.verify);
  const media = Object.entries(archive.media || {}).map(([slot, size]) => `${slot}: ${texts.bytes(size)}`);
  await showCheck();
  return {
    title,
    class: 'archive',
    content: [
      el('h1', {tabIndex: -1}, title),
      warning,
      el('div', {class: 'two'},
        el('div', {}, picture(name, title, archive.rights),
          el('div', {class: 'buttons'}, open, el('a', {class: 'button', href: `#/archive/${encodeURIComponent(name)}/files`}, texts.files), powerOn, check)),
        el('dl', {},
          row('identifiers', archive.identifiers),
          row('reference-code', archive['reference-code']),
          row('creator', archive.creator),
          row('custodian', archive.custodian),
          row('rights', rightsChip(archive.rights)),
          row('checked', checked),
          wrongTerm, wrong,
          row('provenance', archive.provenance && el('span', {class: 'lines'}, archive.provenance)),
          row('languages', archive.languages),
          row('software', (archive.software || []).map((s) => (typeof s === 'string' ? s : s.name || JSON.stringify(s)))),
          row('machine', texts.machineLine(archive.machine, archive.cpu, archive.mips)),
          row('memory', texts.bytes(archive.memory)),
          row('media', media),
          row('file', name),
          row('signer', archive.signer && short(archive.signer)),
          row('root', short(archive['machine-root'])))),
    ],
  };
}
