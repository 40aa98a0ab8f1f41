// browser.mjs - the desk in the browser, as a reader and an archivist use it: the link, the library, a session at the records terminal, what is typed
// there, screenshots, suspension, resumption, files and their retrieval; and what nobody may do. Pictures of the pages are left in $BUILD/desk-pictures.
import {createRequire} from 'node:module';
import {spawn, execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync, existsSync, readdirSync, symlinkSync, unlinkSync} from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const {MUNIMENT, WORK, BUILD, CHROMIUM = '/usr/bin/chromium'} = process.env;
const require = createRequire(`${process.cwd()}/${process.env.PLAYWRIGHT || 'build/playwright'}/`);
const {chromium} = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
let count = 0, failed = 0;

function fact(name, holds) {
  count++;
  if (holds) return;
  failed++;
  console.log(`FAILED  ${name}`);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, seconds = 30) {
  for (let i = 0; i < seconds * 10; i++) {
    if (await what()) return true;
    await sleep(100);
  }
  return false;
}

// --- The library ---

const library = `${WORK}/library`, state = `${WORK}/state`, pictures = `${BUILD}/desk-pictures`;
for (const folder of [library, pictures]) mkdirSync(folder, {recursive: true});
const muniment = (...parameters) => execFileSync(MUNIMENT, parameters, {encoding: 'utf8'});
for (const key of ['office.key', 'second.key']) muniment('key', 'new', `${WORK}/${key}`);
const trust = ['office.key', 'second.key'].flatMap((key) => ['--trust', `${WORK}/${key}.pub`]);
const description = readFileSync(`${BUILD}/demo/records-description.yaml`, 'utf8');
for (const [name, text] of [['records', description], ['closed', description.replace('rights: open', 'rights: closed until 2090-01-01').replace('title: ', 'title: Closed ')]]) {
  writeFileSync(`${WORK}/${name}.yaml`, text);
  muniment('seal', `${BUILD}/demo/records.yaml`, '--description', `${WORK}/${name}.yaml`, '-o', `${library}/${name}.mun`, '--key', `${WORK}/office.key`);
}
muniment('decide', `${library}/closed.mun`, '--permit-until', '2089-01-01', '--reason', 'courts', '--key', `${WORK}/office.key`, '--second', `${WORK}/second.key`, ...trust);
mkdirSync(`${library}/media`);
writeFileSync(`${library}/media/blank.img`, Buffer.alloc(1474560));
muniment('log', 'new', `${WORK}/office.log`, '--origin', 'test.example/log');

class Desk {
  constructor(...options) {
    this.said = '';
    this.process = spawn(MUNIMENT, ['serve', library, '--listen', '127.0.0.1:0', '--state', state, ...options, '--key', `${WORK}/office.key`, ...trust, '--log', `${WORK}/office.log`]);
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (bytes) => { this.said += bytes; });
    this.ended = new Promise((resolve) => this.process.on('exit', resolve));
  }

  async link() {
    await until(() => this.said.includes('#'));
    const link = this.said.match(/https?:\S+#[0-9a-f]{64}/g).at(-1);
    this.origin = new URL(link).origin;
    return link;
  }

  end(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }
}

let desk = new Desk();
const link = await desk.link();
const browser = await chromium.launch({executablePath: CHROMIUM, args: ['--no-sandbox', '--force-prefers-reduced-motion', '--autoplay-policy=no-user-gesture-required']});
const context = await browser.newContext({viewport: {width: 1280, height: 860}, acceptDownloads: true});
const page = await context.newPage();
const foreign = [], wrong = [];
page.on('request', (request) => { if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).hostname !== '127.0.0.1') foreign.push(request.url()); });
page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()); });
page.on('pageerror', (error) => wrong.push(String(error)));

const picture = (name) => page.screenshot({path: `${pictures}/${name}.png`});
const shows = (text) => page.getByText(text).first().waitFor({timeout: 20000}).then(() => true, () => false);

// At the size of the window, and at 200 % zoom, which has half as many of CSS' pixels on each side.
async function accessible(name) {
  await page.evaluate(axe);
  for (const [zoom, width, height] of [['200 %', 640, 430], ['100 %', 1280, 860]]) {
    await page.setViewportSize({width, height});
    await until(() => page.evaluate(() => [...document.querySelectorAll('.stage div')].every((part) => part.scrollWidth <= part.clientWidth && part.scrollHeight <= part.clientHeight)), 10); // the screen fits again
    const {violations} = await page.evaluate(() => globalThis.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}));
    for (const violation of violations) console.log(`  ${name}, ${zoom}: ${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
    fact(`${name}, ${zoom}: axe finds no violation`, violations.length === 0);
    fact(`${name}, ${zoom}: nothing is beside the window`, await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  }
}

// --- The link ---

await page.goto(desk.origin);
fact('without a link the desk is closed', await shows('This desk is closed to you'));
await accessible('the closed door');
await page.goto(link);
fact('the link lets in', await shows('Records terminal'));
fact('and its secret is gone from the address', !page.url().includes(link.split('#')[1]));
const other = await browser.newContext();
const thief = await other.newPage();
await thief.goto(link);
fact('it works once', await thief.getByText('That link has been used already').waitFor({timeout: 10000}).then(() => true, () => false));
await other.close();
const [cookie] = await context.cookies();
fact('the cookie is HttpOnly and SameSite=Strict', cookie.httpOnly && cookie.sameSite === 'Strict' && cookie.value.length === 64);

// --- The library ---

fact('both archives are there', await page.getByRole('listitem').count() === 2);
fact('rights show', await shows('Closed until 2090-01-01'));
fact('a picture of the machine shows', await page.locator('.card img').first().waitFor({timeout: 60000}).then(() => true, () => false));
await picture('library');
await accessible('the library');
fact('who has larger letters in his browser reads larger ones', await page.evaluate(() => {
  document.documentElement.style.fontSize = '125%';
  const size = getComputedStyle(document.body).fontSize;
  document.documentElement.style.fontSize = '';
  return size === '20px';
}));
await page.getByRole('searchbox').fill('closed');
fact('search finds', await shows('1 of 2 archives') && await page.getByRole('listitem').count() === 1);
await page.getByRole('button', {name: 'Open a session'}).click();
fact('what is closed is not opened: an archivist is asked for a reason', await shows('An archivist may open it for a reason') && !page.url().includes('session'));
fact('and nothing is said to have failed', await page.locator('#say').textContent() === '');
fact('no picture of it is shown', await shows('Closed: no picture is shown'));
await accessible('the reason');
await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
await page.getByRole('link', {name: 'Files: '}).click();
await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
fact('nor are its files listed without one', await shows('is closed until 2090-01-01'));
await page.reload();
await page.getByRole('dialog').getByRole('textbox').fill('Order 17/2026 of the county court');
await page.getByRole('dialog').getByRole('button', {name: 'Open for a reason'}).click();
fact('with one they are', await shows('RECORDS/P1021.TXT'));
await page.goto(`${desk.origin}/#/archive/closed.mun`);
await page.getByRole('button', {name: 'Open a session'}).click();
await page.getByRole('dialog').getByRole('textbox').fill('Order 18/2026');
await page.keyboard.press('Enter');
await page.locator('.stage canvas').waitFor({timeout: 30000});
fact('and a session is opened, which says so', await shows('Opened for a reason: Order 18/2026'));
await page.getByRole('button', {name: 'Suspend'}).click();
await shows('suspended');
fact('the log has both reasons', await until(() => ['Order 17/2026', 'Order 18/2026'].every((reason) => readFileSync(`${WORK}/office.log`, 'utf8').includes(reason)), 10));
await page.getByRole('button', {name: 'Discard'}).first().click();
await page.getByRole('dialog').getByRole('button', {name: 'Discard'}).click();
await shows('No session is open');
for (const name of ['100%25.mun', '%E0.mun']) {
  await page.goto(`${desk.origin}/#/archive/${name}`);
  fact(`${name}: a name that is not there, or is none, is reported`, await shows('That did not work'));
}
await page.goto(`${desk.origin}/#/archive/records.mun`);
fact('an archive that was never checked says so', await shows('Not checked yet'));
await page.getByRole('button', {name: 'Verify now'}).click();
fact('one that is intact is not shown as wrong', await page.locator('#say.good').getByText('Verified: intact, signer trusted').waitFor({timeout: 30000}).then(() => true, () => false));
fact('and has a last check from then on', await page.locator('dd .chip.open').getByText(/^Checked [0-9-]{10}: intact, signer trusted/).waitFor({timeout: 10000}).then(() => true, () => false));
fact('details show', await shows('DEMO-1998-0001') && await shows('pc-isa, i486 at 25 MIPS'));
await page.locator('.picture img').waitFor({timeout: 60000});
await picture('archive');
await accessible('an archive');

// --- A session ---

const dots = (where = page) => where.evaluate(() => {
  const canvas = document.querySelector('.stage canvas');
  if (!canvas || !canvas.width) return '';
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] * 65536 + data[i + 1] * 256 + data[i + 2]) % 4294967291;
  return `${canvas.width}x${canvas.height}:${sum}`;
});

// Until a session has suspended itself.
const rested = (id, where = page) => until(() => where.evaluate(async (which) => (await (await fetch('/api/sessions')).text()).split('\n').some((line) => line.includes(which) && line.includes('"suspended"')), id));

// Until the picture has been the same for a while.
async function rests(where = page) {
  let last = '', same = 0;
  for (let i = 0; i < 300 && same < 8; i++) {
    const next = await dots(where);
    same = next && next === last ? same + 1 : 0;
    last = next;
    await sleep(100);
  }
  return last;
}

await page.getByRole('button', {name: 'Open a session'}).click();
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()).startsWith('720x400'));
const menu = await rests();
fact('the screen shows', menu.startsWith('720x400:'));
await page.keyboard.press('Enter');
await until(async () => (await dots()) !== menu, 10);
const list = await rests();
fact('Enter reaches the machine', list !== menu);
await page.getByRole('button', {name: 'Type a text'}).click();
await page.getByRole('textbox').fill('1021\u0142');
await page.getByRole('combobox', {name: 'keyboard layout'}).selectOption({label: 'German'});
await page.getByRole('button', {name: 'Type', exact: true}).click();
fact('what the keyboard does not have is reported', await shows('One character is not on that keyboard, and was not typed'));
await sleep(1500);
const chosen = await rests();
fact('a pasted text is typed', chosen !== list);
await page.keyboard.press('Enter');
await until(async () => (await dots()) !== chosen, 10);
const record = await rests();
fact('and the record shows', record !== chosen);
fact('the bar of tools is one row', await page.evaluate(() => document.querySelector('.tools').clientHeight < 60));
fact('the bar names the machine by the title of its archive', await page.locator('.tools strong', {hasText: 'Records terminal'}).waitFor().then(() => true, () => false));
await picture('session');
await accessible('a session');
await page.getByRole('button', {name: 'Keys'}).click();
await accessible('the keys');
await page.keyboard.press('Escape');
await page.getByRole('button', {name: 'Fit to window'}).click();
await accessible('a session at its own size');
await page.getByRole('button', {name: 'Fit to window'}).click();

// --- Sound, prints, media ---

await page.getByRole('button', {name: 'Sound'}).click();
fact('the sound comes', await until(() => page.evaluate(() => document.querySelector('.stage').sound?.frames > 24000), 15));
await page.getByRole('button', {name: 'Sound'}).click();
fact('and is switched off', await page.evaluate(() => !document.querySelector('.stage').sound));
await page.locator('.stage canvas').focus();
await page.keyboard.press('p');
await until(async () => (await dots()) !== record, 10);
const printed = await rests();
fact('p prints', printed !== record);
await page.getByRole('link', {name: 'Prints'}).click();
fact('the print is listed', await shows('Print 1'));
await picture('prints');
await accessible('the prints');
const [pdf] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Print 1: Save as PDF'}).click()]);
await pdf.saveAs(`${WORK}/print.pdf`);
fact('and saved as PDF', readFileSync(`${WORK}/print.pdf`).subarray(0, 5).toString() === '%PDF-');
const [prn] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Print 1: Save as it came'}).click()]);
await prn.saveAs(`${WORK}/print.prn`);
fact('and as it came', readFileSync(`${WORK}/print.prn`, 'latin1').includes('1021'));
await page.getByRole('link', {name: 'Back to the session'}).click();
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()) === printed);
writeFileSync(`${WORK}/brought.img`, Buffer.alloc(1474560, 0xE5));
await page.getByRole('button', {name: 'Media'}).click();
await page.getByRole('dialog').waitFor();
await page.locator('dialog input[type=file]').setInputFiles(`${WORK}/brought.img`);
fact('an archivist brings an image', await shows('brought.img was brought'));
await accessible('the media');
await picture('media');
await page.getByRole('combobox', {name: 'Image'}).selectOption({label: 'brought.img, 1.4 MiB (brought)'});
await page.getByRole('dialog').getByRole('button', {name: 'Put in'}).click();
fact('and puts it into the drive', await shows('The medium is in the drive'));
await page.locator('.stage canvas').waitFor({timeout: 30000});
fact('where the machine has it, as its picture was', await until(async () => (await dots()) === printed));
await page.getByRole('button', {name: 'Media'}).click();
await page.getByRole('combobox', {name: 'Image'}).selectOption({label: 'blank.img, 1.4 MiB (of the library)'});
await page.getByRole('dialog').getByRole('button', {name: 'Put in'}).click();
await shows('The medium is in the drive');
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()) === printed);
await page.locator('.stage canvas').focus();
await page.keyboard.press('ArrowDown');
await until(async () => (await dots()) !== printed, 5);
let shot = null;
await until(async () => { // the session may just be beginning again, and its screen is not there
  [shot] = await Promise.all([page.waitForEvent('download', {timeout: 5000}).catch(() => null), page.getByRole('button', {name: 'Screenshot'}).click()]);
  return shot;
});
await shot.saveAs(`${pictures}/screenshot.png`);
fact('a screenshot is saved', readFileSync(`${pictures}/screenshot.png`).subarray(1, 4).toString() === 'PNG');
await page.locator('.stage canvas').focus();
await page.keyboard.press('Control+Alt+m');
fact('Ctrl+Alt+M leaves the screen', await page.evaluate(() => document.activeElement.closest('.tools') !== null));
const session = page.url().split('/').at(-1);

// --- Suspended, resumed, killed, restarted ---

const left = await rests();

await page.getByRole('button', {name: 'Suspend'}).click();
fact('a session is suspended', await shows('suspended') && await rested(session));
await page.getByRole('link', {name: 'Prints'}).first().focus();
await sleep(5000);
fact('who stands on a button of the list stays there when it is looked at anew', await page.evaluate(() => document.activeElement.textContent) === 'Prints');
await picture('sessions');
await accessible('the sessions');
await page.getByRole('link', {name: 'Resume'}).click();
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()) === left);
fact('and resumed with the same picture', await rests() === left);

const process_of = (id) => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).find((p) => {
  try { return readdirSync(`/proc/${p}/fd`).some((fd) => { try { return execFileSync('readlink', [`/proc/${p}/fd/${fd}`], {encoding: 'utf8'}).includes(`/sessions/${id}/journal`); } catch { return false; } }); } catch { return false; }
});
process.kill(Number(process_of(session)), 'SIGKILL');
fact('a session that is killed says so', await shows('The session ended: ended by signal 9'));
await page.getByRole('button', {name: 'Resume'}).click();
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()) === left);
fact('and comes back as it was', await rests() === left);

await desk.end();
desk = new Desk();
await page.goto(await desk.link());
await shows('Records terminal');
await page.goto(`${desk.origin}/#/sessions`);
fact('a desk that was ended finds its sessions', await shows('Records terminal'));
await page.getByRole('link', {name: 'Resume'}).click();
await page.locator('.stage canvas').waitFor({timeout: 30000});
await until(async () => (await dots()) === left);
fact('and they resume', await rests() === left);

// --- Files ---

await page.goto(`${desk.origin}/#/session/${session}/files`);
fact('the files of a running session are listed', await shows('RECORDS/P1021.TXT'));
await page.getByRole('searchbox').fill('P102');
await page.getByRole('checkbox', {name: /P1021/}).check();
await picture('files');
await accessible('files');
const [bag] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Retrieve'}).click()]);
await bag.saveAs(`${WORK}/records.zip`);
execFileSync('python3', ['-m', 'zipfile', '-e', `${WORK}/records.zip`, `${WORK}/bag`]);
fact('files are retrieved', readFileSync(`${WORK}/bag/records/data/RECORDS/P1021.TXT`, 'utf8').startsWith('Parcel:    1021'));
const receipt = muniment('verify', `${WORK}/bag/records/receipt.txt`, '--trust', `${WORK}/office.key.pub`, '--archive', `${library}/records.mun`);
fact('with a receipt that the office signed', receipt.includes('the office signed it'));

// --- Several disks ---

// A floppy, and a disk with two partitions, in the second of which a name looks like a pattern; one path of the disk is closed.
const floppyImage = readFileSync(`${BUILD}/demo/records.img`), hard = Buffer.alloc(4 << 20);
[63, 3009].forEach((first, n) => {
  floppyImage.copy(hard, first * 512);
  hard[446 + 16 * n + 4] = 1;
  hard.writeUInt32LE(first, 446 + 16 * n + 8);
  hard.writeUInt32LE(2880, 446 + 16 * n + 12);
});
hard.writeUInt16LE(0xAA55, 510);
hard.write('TERM[1] SYS', hard.lastIndexOf('TERMINALSYS'), 'latin1');
writeFileSync(`${WORK}/hard.img`, hard);
writeFileSync(`${WORK}/records.img`, floppyImage);
writeFileSync(`${WORK}/several.yaml`, readFileSync(`${BUILD}/demo/records.yaml`, 'utf8').replace('    read-only: yes\n', '  hd0:\n    kind: disk\n    image: hard.img\n'));
writeFileSync(`${WORK}/several-description.yaml`, description.replace(/title: .*/, 'title: Several disks'));
muniment('seal', `${WORK}/several.yaml`, '--description', `${WORK}/several-description.yaml`, '-o', `${library}/several.mun`, '--key', `${WORK}/office.key`);
muniment('decide', `${library}/several.mun`, '--drive', 'hd0', '--path', 'RECORDS/P1021.TXT', '--close-until', '2090-01-01', '--reason', 'test', '--key', `${WORK}/office.key`, '--trust', `${WORK}/office.key.pub`);
await page.goto(`${desk.origin}/#/archive/several.mun`);
fact('what is closed in part is not shown as open', await shows('In part closed until 2090-01-01') && await shows('Closed: no picture is shown'));
await page.getByRole('link', {name: 'Files'}).click();
fact('of several disks the first is listed', await shows('RECORDS/P1021.TXT') && await page.getByRole('combobox', {name: 'Disk'}).locator('option').count() === 3);
await page.getByRole('combobox', {name: 'Disk'}).selectOption('hd0:2');
fact('and the one that is chosen, but for what is closed, which is said', await shows('TERM[1].SYS') && await shows('leaves out 1 of its files and folders, as closed') && await page.getByText('RECORDS/P1021.TXT').count() === 0);
await accessible('the files of several disks');
// Chooses all that is listed, and takes it; what was asked for, and the names in the ZIP.
async function takeAll() {
  await page.getByRole('checkbox', {name: 'Select all'}).check();
  const [bag, request] = await Promise.all([page.waitForEvent('download'), page.waitForRequest(/retrieve$/), page.getByRole('button', {name: 'Retrieve'}).click()]);
  await bag.saveAs(`${WORK}/several.zip`);
  return [request.postData(), execFileSync('python3', ['-m', 'zipfile', '-l', `${WORK}/several.zip`], {encoding: 'utf8'})];
}
const [named, some] = await takeAll();
fact('what is left is retrieved, file by file, whatever is in a name', named.startsWith('drive=hd0:2\nTERM[[]1].SYS\nRECORDS/P1003.TXT\n') && some.includes('data/TERM[1].SYS') && some.includes('P1018.TXT') && !some.includes('P1021.TXT'));
await page.getByRole('combobox', {name: 'Disk'}).selectOption('fd0:0');
await shows('TERMINAL.SYS');
const [folder, whole] = await takeAll();
fact('and where nothing is left out, a whole folder by its name', folder === 'drive=fd0:0\nTERMINAL.SYS\nRECORDS' && whole.includes('P1021.TXT') && whole.includes('data/TERMINAL.SYS'));

// A copy of an archive of which one piece of a disk (128 sectors) is damaged.
function damage(from, to, drive, piece) {
  const bad = readFileSync(`${library}/${from}.mun`);
  const member = (name) => {
    let at = bad.indexOf(name);
    while (at % 512) at = bad.indexOf(name, at + 1);
    return at + 512;
  };
  const place = bad.toString('latin1', member(`disk/${drive}/00000000.map`) + piece * 88).split(' ', 3)[2];
  bad[member(`disk/${drive}/00000000.gz`) + Number(place) + 60] ^= 0xFF;
  writeFileSync(`${library}/${to}.mun`, bad);
}

damage('several', 'bad', 'hd0', 24); // in which the last records of the second partition lie
await page.goto(`${desk.origin}/#/archive/bad.mun/files`);
await page.getByRole('combobox', {name: 'Disk'}).selectOption('hd0:2');
await shows('TERM[1].SYS');
const [, rest] = await takeAll();
fact('what cannot be read is reported, and the rest is retrieved', await shows('Some files could not be read whole, as the disk is damaged') && rest.includes('P1003.TXT'));
fact('what is closed in part is not opened', await page.evaluate(async () => (await fetch('/api/archives/several.mun/sessions', {method: 'POST', body: ' '})).status) === 403);

// --- What the last check found damaged, where no session reads it ---

damage('records', 'worn', 'fd0', 22);
await page.goto(`${desk.origin}/#/archive/worn.mun`);
await page.getByRole('button', {name: 'Verify now'}).click();
fact('what is found damaged is reported at the page of its archive', await page.locator('#say.bad').getByText('Verified: damaged').waitFor({timeout: 30000}).then(() => true, () => false) && await page.locator('p.warning', {hasText: 'came to: damaged'}).waitFor({timeout: 10000}).then(() => true, () => false));
await page.reload();
fact('and the next time as well', await page.locator('p.warning', {hasText: 'came to: damaged'}).waitFor({timeout: 10000}).then(() => true, () => false));
await page.getByRole('button', {name: 'Open a session'}).click();
fact('and when a session is opened', await page.getByRole('dialog').getByText('came to: damaged').waitFor({timeout: 5000}).then(() => true, () => false));
await accessible('the doubt');
await page.keyboard.press('Escape');
fact('which need not be', await until(() => page.evaluate(() => document.activeElement.textContent === 'Open a session' && !location.hash.includes('session')), 3));
await page.getByRole('button', {name: 'Open a session'}).click();
await page.getByRole('dialog').getByRole('button', {name: 'Open it all the same'}).click();
fact('and may be', await page.locator('.stage canvas').waitFor({timeout: 30000}).then(() => true, () => false));
await page.getByRole('button', {name: 'Discard'}).click();
await page.getByRole('dialog').getByRole('button', {name: 'Discard'}).click();
await shows('discarded');
unlinkSync(`${library}/worn.mun`);

// --- What enters stays ---

await page.goto(`${desk.origin}/#/sessions`);
const journal = await page.evaluate(async (id) => (await fetch(`/api/sessions/${id}/journal`)).text(), session);
writeFileSync(`${WORK}/session.journal`, journal);
const replay = muniment('replay', `${library}/records.mun`, `${WORK}/session.journal`, '--media', `${WORK}/brought.img`, '--media', `${library}/media/blank.img`);
fact('the journal of the session is replayed, media too', / states equal/.test(replay) && /[1-9][0-9] inputs given/.test(replay) && (journal.match(/ medium fd0 [0-9a-f]{64}/g) || []).length === 2);
await page.getByRole('link', {name: 'Film'}).click();
fact('it is watched as a film', await page.locator('.film img').waitFor({timeout: 60000}).then(() => true, () => false));
fact('which opens where there is something to see, not in the dark', await until(() => page.evaluate(() => {
  const image = document.querySelector('.film img'), brush = new OffscreenCanvas(image.naturalWidth || 1, image.naturalHeight || 1).getContext('2d');
  brush.drawImage(image, 0, 0);
  return new Set(new Uint32Array(brush.getImageData(0, 0, image.naturalWidth || 1, image.naturalHeight || 1).data.buffer)).size > 1;
}), 5) && Number(await page.getByRole('slider').inputValue()) > 0);
await page.getByRole('slider').fill('45');
fact('at any place', await until(() => page.evaluate(() => document.querySelector('.film img').naturalWidth === 720)));
await picture('film');
await accessible('the film');
await page.getByRole('button', {name: 'Play'}).click();
fact('and it plays', await until(async () => Number(await page.getByRole('slider').inputValue()) > 45.5, 5));
await page.goto(`${desk.origin}/#/sessions`);
await shows('Records terminal');

// --- A reader ---

await page.getByRole('button', {name: 'Invite a reader'}).click();
const invitation = await page.getByRole('textbox').inputValue();
await page.getByRole('button', {name: 'Close'}).click();
const readers = await browser.newContext();
const reader = await readers.newPage();
await reader.goto(invitation);
fact('a reader is let in', await reader.getByText('Reader').first().waitFor({timeout: 10000}).then(() => true, () => false));
await reader.goto(`${desk.origin}/#/sessions`);
fact('and sees no session of others', await reader.getByText('No session is open').waitFor({timeout: 10000}).then(() => true, () => false));
const asReader = (path, method = 'GET') => reader.evaluate(async ([p, m]) => (await fetch(p, {method: m, body: m === 'POST' ? ' ' : undefined})).status, [path, method]);
fact('nor gets their files, journal or end', (await Promise.all([asReader(`/api/sessions/${session}/files`), asReader(`/api/sessions/${session}/journal`), asReader(`/api/sessions/${session}/discard`, 'POST')])).every((status) => status === 404));
fact('nor brings images, nor puts in those of others', await asReader('/api/uploads', 'POST') === 403 && await reader.evaluate(async () => !(await (await fetch('/api/media')).text()).includes('upload')));
fact('nor opens what is closed, whatever the reason', await reader.evaluate(async () => (await fetch('/api/archives/closed.mun/sessions', {method: 'POST', body: 'override because\n'})).status) === 403 && await asReader('/api/archives/closed.mun/files', 'POST') === 403);
fact('nor sees prints or films of others', (await Promise.all([asReader(`/api/sessions/${session}/prints`), asReader(`/api/sessions/${session}/film`), asReader(`/api/sessions/${session}/print-pdf`, 'POST'), asReader(`/api/sessions/${session}/insert`, 'POST')])).every((status) => status === 404));
fact('but lists what is open of what is closed in part', await reader.evaluate(async () => /TERM\[1\].*"closed": true/s.test(await (await fetch('/api/archives/several.mun/files?drive=hd0:2')).text())));
fact('nor verifies or invites', await asReader('/api/archives/records.mun/verify', 'POST') === 403 && await asReader('/api/links', 'POST') === 404);
const opened = [];
for (let i = 0; i < 9; i++) opened.push(await asReader('/api/archives/records.mun/sessions', 'POST'));
fact('nor takes the sessions of all', opened.slice(0, 8).every((status) => status === 200) && opened[8] === 503);
await page.reload();
await page.getByRole('button', {name: 'Invite its reader back'}).last().click(); // the first ones are of the archivist who was in before the desk was ended
const again = await page.getByRole('textbox').inputValue();
await page.getByRole('button', {name: 'Close'}).click();
const elsewhere = await browser.newContext(), back = await elsewhere.newPage();
await back.goto(again);
await back.getByRole('link', {name: 'Sessions'}).click();
fact('a reader who is invited back has his sessions', await until(async () => await back.getByRole('button', {name: 'Discard'}).count() === 8, 10));
await elsewhere.close();
await reader.evaluate(async () => {
  for (const line of (await (await fetch('/api/sessions')).text()).split('\n').filter(Boolean)) await fetch(`/api/sessions/${JSON.parse(line).id}/discard`, {method: 'POST', body: ' '});
});
await readers.close();

// --- Discarded ---

await page.getByRole('button', {name: 'Discard'}).first().click();
await page.getByRole('dialog').getByRole('button', {name: 'Discard'}).click();
await shows('No session is open');
fact('a discarded session leaves no trace', await until(() => !existsSync(`${state}/sessions/${session}`), 10));
fact('the log has all of it', ['session', 'files', 'retrieve'].every((word) => readFileSync(`${WORK}/office.log`, 'utf8').includes(word)));

// --- By keyboard alone ---

const unseen = new Set(); // what had the focus, and did not show it

// Tabs to what begins with a name.
async function reach(keys, name, key = 'Tab') {
  for (let i = 0; i < 100; i++) {
    await keys.keyboard.press(key);
    const at = await keys.evaluate(() => {
      const one = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(one);
      const frame = one.tagName === 'CANVAS' ? getComputedStyle(one.closest('.stage'), '::after').borderTopWidth : outlineStyle === 'none' ? '0' : outlineWidth;
      return {name: (one.getAttribute('aria-label') || one.textContent).trim(), seen: ['BODY', 'H1'].includes(one.tagName) || parseFloat(frame) > 0};
    });
    if (!at.seen) unseen.add(at.name);
    if (at.name.startsWith(name)) return true;
  }
  console.log(`  ${name} is not reached at ${keys.url()}`);
  return false;
}

// Enter on it; then a text shows.
async function enter(keys, name, text, key) {
  const reached = await reach(keys, name, key);
  await keys.keyboard.press('Enter');
  return reached && await keys.getByText(text).first().waitFor({timeout: 20000}).then(() => true, () => false);
}

const stands = (keys, on) => until(() => keys.evaluate((name) => (document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).startsWith(name), on), 10);
const onScreen = async (keys) => await until(async () => (await dots(keys)).startsWith('720x400'), 30) && await until(() => keys.evaluate(() => document.activeElement.tagName === 'CANVAS'), 10);
const toBar = async (keys) => {
  await keys.keyboard.press('Control+Alt+m');
  return until(() => keys.evaluate(() => document.activeElement.closest('.tools') !== null && !document.fullscreenElement), 5);
};
const keysOf = (id) => readFileSync(`${state}/sessions/${id}/journal`, 'utf8').split('\n').filter((line) => / key /.test(line));

async function byKeyboard(role, link) {
  const context = await browser.newContext({viewport: {width: 1280, height: 860}, acceptDownloads: true}), keys = await context.newPage();
  const holds = (name, what) => fact(`by keyboard alone, ${role}: ${name}`, what);
  await keys.goto(link);
  await keys.getByText('Records terminal').first().waitFor({timeout: 20000});
  const searched = await reach(keys, 'Search titles');
  await keys.keyboard.type('records.mun');
  holds('the library is searched', searched && await keys.getByText(/1 of \d archives/).waitFor({timeout: 5000}).then(() => true, () => false));
  holds('an archive is looked at', await enter(keys, 'Records terminal', 'pc-isa, i486'));
  if (role === 'archivist') {
    holds('it is verified', await enter(keys, 'Verify now', 'Verified: intact') && await stands(keys, 'Verify now'));
    holds('a reader is invited', await enter(keys, 'Invite a reader', 'This link lets one reader in', 'Shift+Tab'));
    await keys.keyboard.press('Escape');
    holds('and who closes a dialog stands where it was opened', await stands(keys, 'Invite a reader'));
  }
  await reach(keys, 'Open a session');
  await keys.keyboard.press('Enter');
  holds('a session is opened, and has the keyboard', await onScreen(keys));
  const id = keys.url().split('/').at(-1), menu = await rests(keys);
  await keys.keyboard.press('Enter');
  holds('what is typed reaches the machine', await until(async () => await dots(keys) !== menu, 10));
  holds('its screen is left', await toBar(keys));
  holds('without a key that stays down', await until(() => ['1d', '38'].every((code) => keysOf(id).filter((line) => line.includes(` key ${code} `)).at(-1)?.includes(' up ')), 5));
  holds('and come back to', await reach(keys, 'Screen of the machine') && await onScreen(keys));
  await toBar(keys);
  await keys.keyboard.press('Enter');
  await keys.keyboard.press('Escape');
  holds('a dialog is left', await stands(keys, 'Keys'));
  await keys.keyboard.press('Enter');
  await reach(keys, 'F5');
  await keys.keyboard.press('Enter');
  holds('one key is chosen, and no other sent', await onScreen(keys) && await until(() => keysOf(id).some((line) => line.includes(' 3f down')), 5) && !keysOf(id).some((line) => / (d3|01|0f) down/.test(line)));
  await toBar(keys);
  await reach(keys, 'Full screen');
  await keys.keyboard.press('Enter');
  holds('the whole screen is taken', await until(() => keys.evaluate(() => document.fullscreenElement !== null), 5) && await onScreen(keys));
  holds('and left', await toBar(keys));
  await reach(keys, 'Media');
  await keys.keyboard.press('Enter');
  await keys.getByRole('dialog').waitFor({timeout: 5000});
  holds('a medium is put in', await enter(keys, 'Put in', 'The medium is in the drive') && await onScreen(keys));
  await toBar(keys);
  holds('the session is suspended', await enter(keys, 'Suspend', 'suspended by hand'));
  await rested(id, keys);
  await reach(keys, 'Resume');
  await keys.keyboard.press('Enter');
  holds('and resumed', await onScreen(keys));
  await toBar(keys);
  holds('its files are listed', await enter(keys, 'Files', 'RECORDS/P1021.TXT'));
  await reach(keys, 'Select: RECORDS/P1021.TXT');
  await keys.keyboard.press(' ');
  await reach(keys, 'Retrieve');
  const [bag] = await Promise.all([keys.waitForEvent('download', {timeout: 20000}).catch(() => null), keys.keyboard.press('Enter')]);
  holds('and retrieved', bag && await stands(keys, 'Retrieve'));
  await reach(keys, 'Back to the session', 'Shift+Tab');
  await keys.keyboard.press('Enter');
  await onScreen(keys);
  await toBar(keys);
  holds('its prints are listed', await enter(keys, 'Prints', 'Nothing was printed'));
  holds('sessions are listed', await enter(keys, 'Sessions', 'Opened', 'Shift+Tab'));
  await reach(keys, 'Film');
  await keys.keyboard.press('Enter');
  await keys.locator('.film img').waitFor({timeout: 60000});
  await reach(keys, 'Position');
  const before = await keys.getByRole('slider').inputValue();
  await keys.keyboard.press('PageUp');
  holds('a film is watched', Number(await keys.getByRole('slider').inputValue()) > Number(before));
  await enter(keys, 'Sessions', 'Opened', 'Shift+Tab');
  await enter(keys, 'Discard', 'Discard this session?');
  await keys.keyboard.press('Escape');
  holds('who does not discard it stands where he stood', await stands(keys, 'Discard'));
  await keys.keyboard.press('Enter');
  holds('a session is discarded', await enter(keys, 'Discard', 'The session is discarded'));
  holds('one signs out', await enter(keys, 'Sign out', 'You are signed out', 'Shift+Tab') && await stands(keys, 'You are signed out'));
  await context.close();
}

await page.getByRole('button', {name: 'Invite a reader'}).click();
const guest = await page.getByRole('dialog').getByRole('textbox').inputValue();
await page.getByRole('dialog').getByRole('button', {name: 'Close'}).click();
await byKeyboard('reader', guest);
const links = desk.said.split('#').length;
desk.process.kill('SIGUSR1');
await until(() => desk.said.split('#').length > links);
await byKeyboard('archivist', await desk.link());
for (const name of unseen) console.log(`  not seen to have the focus: ${name}`);
fact('what has the focus shows it', unseen.size === 0);

// --- Abuse ---

const {port} = new URL(desk.origin);
const now = (await context.cookies()).find(({name}) => name === `muniment-${port}`);
function raw(path, {method = 'GET', headers = {}, body = ''} = {}) {
  return new Promise((resolve) => {
    const request = http.request({host: '127.0.0.1', port, path, method, headers: {cookie: `${now.name}=${now.value}`, ...headers}}, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', () => resolve(0));
    request.on('upgrade', (response, socket) => { socket.destroy(); resolve(101); });
    request.end(body);
  });
}
const upgrade = {connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA=='};
fact('the cookie is what lets in', await raw('/api/library') === 200 && await raw('/api/library', {headers: {cookie: ''}}) === 401 && await raw('/api/library', {headers: {cookie: `${now.name}=${'0'.repeat(64)}`}}) === 401);
fact('another name of this address is refused (DNS rebinding)', await raw('/api/library', {headers: {host: `evil.example:${port}`}}) === 403 && await raw('/', {headers: {host: 'evil.example'}}) === 403);
fact('another origin posts nothing', await raw('/api/archives/records.mun/sessions', {method: 'POST', body: ' ', headers: {origin: 'http://evil.example'}}) === 403 && await raw('/api/archives/records.mun/sessions', {method: 'POST', body: ' '}) === 403);
fact('nor opens a screen', [0, 403].includes(await raw('/api/sessions/0000000000000000/screen', {headers: {...upgrade, origin: 'http://evil.example'}})) && await raw('/api/sessions/0000000000000000/screen', {headers: upgrade}) !== 101);
fact('no path leads out of the library', (await Promise.all(['/api/archives/..%2f..%2foffice.key/files', '/api/archives/%2e%2e/files', '/../../etc/passwd', '/api/archives/records.mun%00/files', '/api/archives/office.key/files'].map((path) => raw(path)))).every((status) => status !== 200 || status === 0));
fact('a body is bounded', await raw('/api/enter', {method: 'POST', body: 'x'.repeat(200000), headers: {origin: desk.origin}}) !== 200);
fact('a GET has no body', await raw('/api/library', {headers: {'content-length': '1'}, body: 'x'}) === 0);
fact('other methods are refused', ![200].includes(await raw('/api/library', {method: 'DELETE'})));
const slow = Array.from({length: 400}, () => net.connect(Number(port), '127.0.0.1').on('error', () => {}));
await sleep(1000);
for (const socket of slow) socket.destroy();
await sleep(500);
fact('hundreds of connections are bounded, and the desk stays', await raw('/api/library') === 200);

const [shown, closed] = [await raw('/api/archives/records.mun/picture'), (muniment('decide', `${library}/records.mun`, '--close-until', '2090-01-01', '--reason', 'test', '--key', `${WORK}/office.key`, '--trust', `${WORK}/office.key.pub`), await raw('/api/archives/records.mun/picture'))];
fact('a picture that was kept is closed with its archive', shown === 200 && closed === 403);

// --- FreeDOS ---

const floppy = `${process.env.MUNIMENT_SUITES || ''}/guests/freedos13-floppy.img`;
if (process.env.MUNIMENT_SUITES && existsSync(floppy)) {
  writeFileSync(`${WORK}/freedos.img`, readFileSync(floppy));
  writeFileSync(`${WORK}/freedos.yaml`, readFileSync(`${BUILD}/demo/records.yaml`, 'utf8').replace('records.img', 'freedos.img').replace('    read-only: yes\n', ''));
  writeFileSync(`${WORK}/freedos-description.yaml`, description.replace(/title: .*/, 'title: FreeDOS 1.3'));
  muniment('seal', `${WORK}/freedos.yaml`, '--description', `${WORK}/freedos-description.yaml`, '-o', `${library}/freedos.mun`, '--key', `${WORK}/office.key`);
  await page.goto(`${desk.origin}/#/archive/freedos.mun`);
  fact('FreeDOS: its picture is taken', await page.locator('.picture img').waitFor({timeout: 120000}).then(() => true, () => false));
  await page.getByRole('button', {name: 'Open a session'}).click();
  await page.locator('.stage canvas').waitFor({timeout: 60000});
  await until(async () => (await dots()).startsWith('720x400'));
  const question = await rests();
  await page.keyboard.type('1', {delay: 60});
  await until(async () => (await dots()) !== question, 60);
  await rests();
  await page.keyboard.type('n', {delay: 60});
  await page.keyboard.press('Enter');
  await sleep(3000);
  const prompt = await rests();
  await page.getByRole('button', {name: 'Type a text'}).click();
  await page.getByRole('textbox').fill('echo the records of 1998 >records.txt\n');
  await page.getByRole('button', {name: 'Type', exact: true}).click();
  await until(async () => (await dots()) !== prompt, 30);
  await sleep(3000);
  const written = await rests();
  await picture('freedos');
  const dos = page.url().split('/').at(-1);
  await page.getByRole('button', {name: 'Suspend'}).click();
  await rested(dos);
  await page.goto(`${desk.origin}/#/session/${dos}`);
  await page.locator('.stage canvas').waitFor({timeout: 60000});
  fact('FreeDOS: a session is suspended, and resumed', await until(async () => (await dots()) === written, 60));
  await page.goto(`${desk.origin}/#/session/${dos}/files`);
  fact('FreeDOS: what was written is a file of the session', await page.getByRole('checkbox', {name: /RECORDS\.TXT/i}).waitFor({timeout: 30000}).then(() => true, () => false));
  await page.getByRole('checkbox', {name: /RECORDS\.TXT/i}).check();
  const [dosBag] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Retrieve'}).click()]);
  await dosBag.saveAs(`${WORK}/dos.zip`);
  execFileSync('python3', ['-m', 'zipfile', '-e', `${WORK}/dos.zip`, `${WORK}/dosbag`]);
  const dosFile = readdirSync(`${WORK}/dosbag/records/data`).find((name) => /records\.txt/i.test(name));
  fact('FreeDOS: which is retrieved', dosFile && readFileSync(`${WORK}/dosbag/records/data/${dosFile}`, 'utf8').startsWith('the records of 1998'));
}

// --- ReactOS ---

// How many dots of a part of the screen, in parts of its sides, are not those of an earlier look at it.
const colours = (left, top, right, bottom) => page.evaluate(([x0, y0, x1, y1]) => {
  const {width, height} = document.querySelector('.stage canvas');
  const area = [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height].map(Math.round);
  return [...new Uint32Array(document.querySelector('.stage canvas').getContext('2d').getImageData(...area).data.buffer)];
}, [left, top, right, bottom]);
const differ = (a, b) => a.filter((dot, i) => dot !== b[i]).length / a.length;

const live = `${process.env.MUNIMENT_SUITES || ''}/guests/reactos-livecd.iso`;
if (process.env.MUNIMENT_SUITES && existsSync(live)) {
  const drives = 'drives:\n  hd2:\n    kind: cdrom\n    image: live.iso\nboot:\n  - cdrom\nports:\n  - com1\ndisplay: vga\n';
  writeFileSync(`${WORK}/reactos.yaml`, `muniment: machine 0\nmachine: pc-i440fx\ncpu:\n  model: pentium3\n  speed: 200 MIPS\nmemory: 128 MiB\nfirmware:\n  system: built-in 0\n  video: built-in 0\nclock: 1998-01-01T00:00:00\n${drives}`);
  symlinkSync(live, `${WORK}/live.iso`);
  writeFileSync(`${WORK}/reactos-description.yaml`, description.replace(/title: .*/, 'title: ReactOS 0.4.15'));
  muniment('seal', `${WORK}/reactos.yaml`, '--description', `${WORK}/reactos-description.yaml`, '-o', `${library}/reactos.mun`, '--key', `${WORK}/office.key`);
  await page.goto(`${desk.origin}/#/archive/reactos.mun`);
  fact('ReactOS: its picture is taken', await page.locator('.picture img').waitFor({timeout: 600000}).then(() => true, () => false));
  await page.getByRole('button', {name: 'Open a session'}).click();
  await page.locator('.stage canvas').waitFor({timeout: 60000});
  // Its language, then whether to install: the two dialogs reach below the picture that is shown while it starts. An Enter that comes before a dialog listens is lost, and given again.
  const dialog = async () => new Set(await colours(0.25, 0.65, 0.55, 0.75)).size > 2;
  const bar = async () => new Set(await colours(0, 0.96, 0.1, 1)).size > 8;
  await until(async () => (await dots()).startsWith('800x600'), 300);
  for (let i = 0; i < 6 && await until(async () => await dialog() || await bar(), 300) && !await bar(); i++) {
    await sleep(4000);
    const before = await rests();
    await page.keyboard.press('Enter');
    await until(async () => (await dots()) !== before, 30);
  }
  // The desktop is there when its bar has a button at the left, and nothing moves for a while.
  const stage = page.locator('.stage canvas');
  fact('ReactOS: it comes to its desktop', await until(async () => await bar() && new Set(await colours(0.2, 0.1, 0.9, 0.8)).size < 4, 300));
  for (let last = '', i = 0; i < 30; i++) {
    const next = await rests();
    if (next === last) i += 10;
    last = next;
    await sleep(1000);
  }
  const box = await stage.boundingBox(), at = (x, y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height, {steps: 8});
  await at(0.5, 0.5);
  await at(-0.01, 0.5);
  await at(0.02, 0.7);
  await at(0.02, 1.01);
  await at(0.03, 0.985);
  const [corner, far] = [await colours(0, 0.5, 0.25, 0.95), await colours(0.6, 0, 1, 0.9)];
  await page.mouse.down();
  await sleep(100);
  await page.mouse.up();
  fact('ReactOS: the Start menu is opened by the pointer, which was not captured', await until(async () => differ(corner, await colours(0, 0.5, 0.25, 0.95)) > 0.3, 60));
  await rests();
  fact('ReactOS: and nothing else is', differ(far, await colours(0.6, 0, 1, 0.9)) < 0.001);
  await picture('reactos');
  await page.getByRole('button', {name: 'Suspend'}).hover(); // the guest's pointer follows to the edge where this one leaves
  await rests();
  const shown = await dots(), ros = page.url().split('/').at(-1);
  await page.getByRole('button', {name: 'Suspend'}).click();
  await rested(ros);
  muniment('replay', `${library}/reactos.mun`, `${state}/sessions/${ros}/journal`, '--screenshot', `${WORK}/replayed.png`);
  const replayed = await page.evaluate(async (png) => {
    const image = Object.assign(new Image(), {src: `data:image/png;base64,${png}`});
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
    canvas.getContext('2d').drawImage(image, 0, 0);
    const stage = Object.assign(document.createElement('div'), {className: 'stage'});
    stage.append(canvas);
    document.body.replaceChildren(stage);
  }, readFileSync(`${WORK}/replayed.png`).toString('base64')).then(dots);
  fact('ReactOS: its journal is repeated to the same picture', replayed === shown);
}

// --- TLS ---

await desk.end();
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=desk.test', '-keyout', `${WORK}/tls.key`, '-out', `${WORK}/tls.pem`], {stdio: 'ignore'});
desk = new Desk('--certificate', `${WORK}/tls.pem`, '--certificate-key', `${WORK}/tls.key`);
const secure = await browser.newContext({ignoreHTTPSErrors: true});
const guarded = await secure.newPage();
await guarded.goto(await desk.link());
fact('with a certificate the desk speaks TLS', desk.origin.startsWith('https://') && await guarded.getByText('Records terminal').first().waitFor({timeout: 20000}).then(() => true, () => false));
const [host] = await secure.cookies();
fact('and its cookie is for TLS alone', host.name === '__Host-muniment' && host.secure && host.httpOnly && host.sameSite === 'Strict');
muniment('decide', `${library}/records.mun`, '--permit-until', '2089-01-01', '--reason', 'test', '--key', `${WORK}/office.key`, '--second', `${WORK}/second.key`, ...trust);
await guarded.evaluate(async () => { location.hash = `#/session/${(await (await fetch('/api/archives/records.mun/sessions', {method: 'POST', body: 'override test\n'})).json()).id}`; });
fact('and so does the screen', await guarded.locator('.stage canvas').waitFor({timeout: 30000}).then(() => true, () => false));
fact('which without TLS is not there', await raw('/api/library', {headers: {host: new URL(desk.origin).host}}) !== 200);
await secure.close();

fact('nothing came from elsewhere', foreign.length === 0);
for (const text of wrong) if (!/401|403|404|422|503|WebSocket|ERR_CONNECTION/.test(text)) console.log(`  console: ${text}`);
fact('no page reported an error', wrong.every((text) => /401|403|404|422|503|WebSocket|ERR_CONNECTION/.test(text)));
await browser.close();
await desk.end();
if (/jail|signal/.test(desk.said.replace('a session was ended by signal', ''))) console.log(desk.said);
fact('no process did what its jail does not permit', !desk.said.includes('jail'));
console.log(`browser: ${count} facts, ${failed} failed`);
process.exit(failed ? 1 : 0);
