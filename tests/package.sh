#!/bin/bash
# package.sh - what stands in a bag beside the files (spec/retrieval.md, V-6 to V-13): DFXML, PREMIS, index.html, one file in place of a folder, the journal; and
# check.py, which finds whatever is changed, and the proof that leads files to the machine-root (spec/receipt.md, R-13 to R-19).
set -eu
here=$PWD
. "$here/tests/facts.sh"
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml tests/demo/records.script "$WORK"
cd "$WORK"
export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/sbin:/usr/sbin LC_ALL=C.UTF-8
# take NAME OPTIONS...: a bag of the terminal's records.
take() { "$MUNIMENT" retrieve records.mun RECORDS -o "$@"; }

"$MUNIMENT" key new key >/dev/null
"$MUNIMENT" key new other >/dev/null
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key >/dev/null
gives "a session with a journal" 0 "$MUNIMENT" boot records.mun --script records.script --record session.journal --overlay session
gives "a bag with all of it" 0 take bag --key key --prove --journal session.journal
gives "nothing is replaced (V-6)" 3 take bag
gives "check.py is content" 0 python3 bag/check.py --key key.pub
says "with the receipt" out "receipt: 24 files, 0 withheld"
says "and the proof" out "proof: 24 files lie on the sealed disk"
passed "it has at most 150 lines" "$([ "$(wc -l <bag/check.py)" -le 150 ]; echo $?)"
gives "another's key is refused" 1 python3 bag/check.py --key other.pub
says "for its signature" out "the signature does not fit"

# --- The documents ---
cat >documents.py <<'PY'
import csv, hashlib, html.parser, os, sys, urllib.parse, xml.etree.ElementTree as tree
bag, image = sys.argv[1], open(sys.argv[2], "rb").read()
read = lambda name: open(os.path.join(bag, name), "rb").read()
rows = list(csv.DictReader(open(bag + "/files.csv", newline="", encoding="utf-8")))
# DFXML: the order of its schema, and the bytes of the runs
d = "{http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML}"
root = tree.fromstring(read("dfxml.xml"))
assert root.tag == d + "dfxml" and root.get("version") == "1.1.0" and [e.tag for e in root][:3] == [d + "metadata", d + "creator", d + "source"]
order = "filename partition name_type filesize alloc inode mtime atime crtime libmagic byte_runs hashdigest".split()
objects = root.findall(d + "fileobject")
assert len(objects) == len(rows) > 0
for o, row in zip(objects, rows):
    tags = [e.tag[len(d):] for e in o]
    assert tags == [t for t in order if t in tags], tags
    assert o.find(d + "filename").text == row["path"] and o.find(d + "hashdigest").text == row["sha256"]
    assert o.find(d + "mtime").text == row["modified"].replace(" ", "T") and o.find(d + "mtime").get("prec") == "2"
    runs = b"".join(image[int(r.get("img_offset")):][:int(r.get("len"))] for r in o.find(d + "byte_runs"))
    assert runs == read(row["file"]) and hashlib.sha256(runs).hexdigest() == row["sha256"]
# PREMIS: the elements of the Data Dictionary 3.0, in the order of its schema
p, xsi = "{http://www.loc.gov/premis/v3}", "{http://www.w3.org/2001/XMLSchema-instance}"
root = tree.fromstring(read("premis.xml"))
assert root.tag == p + "premis" and root.get("version") == "3.0"
parts = {"premis": "object event agent", "object": "objectIdentifier objectCharacteristics originalName linkingEventIdentifier",
         "objectIdentifier": "objectIdentifierType objectIdentifierValue", "objectCharacteristics": "fixity size format",
         "fixity": "messageDigestAlgorithm messageDigest", "format": "formatDesignation formatNote", "formatDesignation": "formatName",
         "linkingEventIdentifier": "linkingEventIdentifierType linkingEventIdentifierValue",
         "event": "eventIdentifier eventType eventDateTime eventDetailInformation eventOutcomeInformation linkingAgentIdentifier linkingObjectIdentifier",
         "eventIdentifier": "eventIdentifierType eventIdentifierValue", "eventDetailInformation": "eventDetail",
         "eventOutcomeInformation": "eventOutcome eventOutcomeDetail", "eventOutcomeDetail": "eventOutcomeDetailNote",
         "linkingAgentIdentifier": "linkingAgentIdentifierType linkingAgentIdentifierValue linkingAgentRole",
         "linkingObjectIdentifier": "linkingObjectIdentifierType linkingObjectIdentifierValue linkingObjectRole",
         "agent": "agentIdentifier agentName agentType", "agentIdentifier": "agentIdentifierType agentIdentifierValue"}
required = {"object": ["objectIdentifier"], "fixity": parts["fixity"].split(), "event": parts["event"].split()[:3], "objectCharacteristics": ["format"]}
for e in root.iter():
    name = e.tag[len(p):]
    inside, allowed = [c.tag[len(p):] for c in e], parts.get(name, "").split()
    assert inside == sorted(inside, key=allowed.index) and set(required.get(name, [])) <= set(inside), (name, inside)
    assert inside or e.text, name
info = dict(line.split(": ", 1) for line in read("bag-info.txt").decode().splitlines())
machine, *files = root.findall(p + "object")
assert machine.get(xsi + "type") == "representation" and machine.find(f"{p}objectIdentifier/{p}objectIdentifierValue").text == info["Muniment-Machine-Root"]
assert [f.find(f".//{p}messageDigest").text for f in files] == [r["sha256"] for r in rows] and [f.find(p + "originalName").text for f in files] == [r["path"] for r in rows]
detail = root.find(f".//{p}eventDetail").text
assert info["Muniment-Journal"] in detail and hashlib.sha256(read("session.journal")).hexdigest() == info["Muniment-Journal"]
# index.html: each file is linked once, and each link leads to something
class Links(html.parser.HTMLParser):
    links, text = [], ""
    def handle_starttag(self, tag, attributes):
        self.links += [urllib.parse.unquote(v) for n, v in attributes if n in ("href", "src")]
    def handle_data(self, data):
        Links.text += data
page = Links()
page.feed(read("index.html").decode("utf-8"))
assert all(os.path.isfile(os.path.join(bag, link)) for link in page.links)
assert sorted(link for link in page.links if link.startswith("data/")) == sorted(r["file"] for r in rows)
assert all(r["sha256"] in Links.text for r in rows) and info["Muniment-Machine-Root"] in Links.text and b"<script" not in read("index.html")
PY
gives "DFXML (V-9), PREMIS (V-10) and index.html (V-11) say what the table says, and the runs are the bytes" 0 python3 documents.py bag records.img
if [ -n "${DFXML_SCHEMA-}" ]; then gives "DFXML by its schema" 0 xmllint --noout --schema "$DFXML_SCHEMA" bag/dfxml.xml; fi
take again --key key --prove --journal session.journal >out
for file in manifest-sha256.txt files.csv dfxml.xml proof/proof.txt; do
    passed "repeated, $file is the same (V-13)" "$(cmp -s bag/$file again/$file; echo $?)"
done
sed 's/^machine-root: ...../machine-root: fffff/' session.journal >false.journal
gives "a journal of another machine (V-12)" 3 take false --journal false.journal
passed "leaves nothing" "$(! ls -d false false.mun* 2>/dev/null | grep -q .; echo $?)"
gives "names that HTML and XML know (V-8)" 0 bash -c 'mformat -C -f 1440 -i odd.img :: && printf x >"a&b <c>;d.txt" && mcopy -i odd.img "a&b <c>;d.txt" "::a&b ;d.txt" && "$MUNIMENT" retrieve odd.img -o odd'
python3 - <<'PY' >out 2>err
import html.parser, os, urllib.parse, xml.etree.ElementTree as tree
name = os.listdir("odd/data")[0]
assert name in tree.fromstring(open("odd/premis.xml", "rb").read()).find(".//{http://www.loc.gov/premis/v3}originalName").text
assert urllib.parse.quote(name) in open("odd/index.html", encoding="utf-8").read()
PY
passed "are escaped" $?

# --- As one file (V-7) ---
for as in zip tar; do
    gives "a bag as $as" 0 take one.$as --as $as --key key
    gives "again" 0 take two.$as --as $as
    python3 -c 'import shutil, sys; shutil.unpack_archive(*sys.argv[1:])' one.$as un$as
    gives "holds the folder, and check.py is content" 0 python3 un$as/one/check.py --key key.pub
    gives "it is no archive" 3 "$MUNIMENT" verify one.$as
    says "and what to do is said" err "unpack it and verify its receipt.txt"
    gives "which can be done" 0 "$MUNIMENT" verify un$as/one/receipt.txt --trust key.pub
    gives "nothing is replaced" 3 take one.$as --as $as
done
gives "a bag that nobody signed is nothing to verify" 5 "$MUNIMENT" verify odd
says "which is said" err "is a bag without a receipt"
cp -r bag copy && rm -r copy/data/RECORDS/P1003.TXT
gives "check.py misses a file" 1 python3 copy/check.py
gives "another form" 2 take three --as rar
passed "leaves nothing" "$(! ls -d three* 2>/dev/null | grep -q .; echo $?)"

# --- What is changed is found ---
changed() # FACT COMMAND...: the bag, changed by the command in its folder, with manifests that fit
{
    rm -rf copy
    cp -r bag copy
    (cd copy && "${@:2}" && find data -type f -printf '%p\0' | sort -z | xargs -0 sha256sum >manifest-sha256.txt &&
        find . -type f ! -path './data/*' ! -name tagmanifest-sha256.txt -printf '%P\n' | sort | xargs sha256sum >tagmanifest-sha256.txt)
    gives "$1" 1 python3 copy/check.py --key key.pub
    gives "$1: verify finds it, too" 1 "$MUNIMENT" verify copy --trust key.pub
}
changed "a byte of a file" sh -c 'printf x | dd of=data/RECORDS/P1021.TXT bs=1 seek=9 conv=notrunc status=none'
changed "a file more" sh -c 'echo >data/RECORDS/NEW.TXT'
changed "a byte of the receipt" sed -i 's/^date: 2/date: 3/' receipt.txt
changed "another machine in content.txt (R-15)" sed -i 's/^machine-root: ./machine-root: g/; s/^cmos: none/cmos: some/' proof/content.txt
changed "a byte of a chunk (R-16)" sh -c 'printf x | dd of=$(ls proof/*.chunk | head -n 1) bs=1 seek=65535 conv=notrunc status=none'
changed "another digest of a chunk" sed -i 's/^chunk: 0 ./chunk: 0 g/' proof/proof.txt
changed "another node (R-17)" python3 -c "
import re; t = open('proof/proof.txt').read(); m = re.search('^chunk: .* ([0-9a-f])[0-9a-f]*$', t, re.M)
open('proof/proof.txt', 'w').write(t[:m.start(1)] + ('0' if m[1] != '0' else '1') + t[m.end(1):])"
changed "another number of chunks" sed -i 's/^disk: fd0 .*/disk: fd0 999/' proof/proof.txt
changed "a run that begins later (R-18)" sed -i '0,/^run: \(.*\) 0 \(.*\)/s//run: \1 1 \2/' proof/proof.txt
changed "a run of other bytes (R-19)" sed -i '0,/^run: \(.*\) 0 \(.*\) \(.*\)/s//run: \1 0 512 \3/' proof/proof.txt
changed "more in content.txt" sh -c 'echo "note: more" >>proof/content.txt'
changed "a file without a line (R-20)" sed -i '0,/^run: /{/^run: /d}' proof/proof.txt
changed "a line about another file" sed -i '0,/^run: [^ ]*/s//run: data\/RECORDS\/P9999.TXT/' proof/proof.txt
changed "a run that ends early" sed -i '0,/^run: \(.*\) 0 \(.*\) .*/s//run: \1 0 \2 9/' proof/proof.txt

# --- Proofs: a disk of several extents, fragments, and what must not be disclosed ---
truncate -s 200M big.img
printf '2048,400000,6\n' | sfdisk -q big.img
mformat -i big.img@@1M -T 400000 -h 16 -s 63 -c 8 ::
python3 -c "
import random
random.seed(5)
for name, size in (('A', 300000), ('B', 70000), ('C', 90000000), ('D', 131073), ('E', 0), ('F', 65536)): open(name, 'wb').write(random.randbytes(size))"
mcopy -i big.img@@1M A B :: && mdel -i big.img@@1M ::A && mcopy -i big.img@@1M C D E F ::
"$MUNIMENT" suggest big.img --machine plain >big.yaml 2>/dev/null
"$MUNIMENT" seal big.yaml -o big.mun --key key >out
gives "a proof over extents" 0 "$MUNIMENT" retrieve big.mun B C D E F -o proved --key key --prove
says "says what it discloses" out "proof         discloses"
gives "holds" 0 python3 proved/check.py --key key.pub
gives "as verify finds" 0 "$MUNIMENT" verify proved --trust key.pub
says "without the archive" out "proof         4 files here lie on the sealed disk, by "
mkdir less && cp -r proved/receipt.* proved/proof less && mkdir less/data && cp proved/data/F less/data
gives "and of what is here" 0 "$MUNIMENT" verify less --trust key.pub
says "of these files alone" out "proof         1 file here lies on the sealed disk"
rm -r less
cmp -s C proved/data/C
passed "of the file's bytes, in fragments" "$([ "$(grep -c '^run: data/C ' proved/proof/proof.txt)" -gt 1 ]; echo $?)"
gives "what is withheld is not disclosed (R-14)" 6 "$MUNIMENT" retrieve big.mun D F -o less --key key --prove --withhold D
says "it is named" err "withheld"
passed "nothing is left" "$(! ls -d less* 2>/dev/null | grep -qv '\.withheld$'; echo $?)"
printf 'muniment: description 0\ntitle: "A"\nrights: closed until 2999-12-31\n' >closed.yaml
"$MUNIMENT" seal records.yaml --description closed.yaml -o closed.mun --key key >out
"$MUNIMENT" log new office.log --origin archive.example/package >out
two="--trust key.pub --trust other.pub"
"$MUNIMENT" decide closed.mun --permit-until 2999-01-01 --reason "court order 17" --key key --second other $two >out
gives "nor what is closed (R-13)" 6 "$MUNIMENT" retrieve closed.mun RECORDS -o closed --prove $two --override "court order 17" --log office.log --by archivist-1
says "whatever the reason" err "discloses what lies beside"
gives "a session has no proof" 2 "$MUNIMENT" retrieve records.mun RECORDS -o less --prove --overlay session
gives "nor has an image" 2 "$MUNIMENT" retrieve records.img RECORDS -o less --prove
facts package
