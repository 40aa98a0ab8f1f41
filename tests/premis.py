#!/usr/bin/env python3
"""premis.py FILE.xml - whether a document is PREMIS 3.0: a validator of what the Data Dictionary (version 3.0) and the schema premis-v3-0.xsd require.

For each element that has elements, CONTENT has their order and number, as the schema has them; all others hold text. Besides that, what a document
refers to must be in it. Where PREMIS_XSD names the schema itself, xmllint judges as well."""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

NAMESPACE = "{http://www.loc.gov/premis/v3}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
LINKS = "linkingEventIdentifier* linkingRightsStatementIdentifier*"
CONTENT = {
    "premis": "object+ event* agent* rights*",
    "object file": "objectIdentifier+ preservationLevel* significantProperties* objectCharacteristics+ originalName? storage* signatureInformation* relationship* " + LINKS,
    "object representation": "objectIdentifier+ preservationLevel* significantProperties* originalName? storage* relationship* " + LINKS,
    "object bitstream": "objectIdentifier+ significantProperties* objectCharacteristics+ storage* signatureInformation* relationship* " + LINKS,
    "object intellectualEntity": "objectIdentifier+ preservationLevel* significantProperties* originalName? environmentFunction* environmentDesignation* "
                                 "environmentRegistry* environmentExtension* relationship* " + LINKS,
    "event": "eventIdentifier eventType eventDateTime eventDetailInformation* eventOutcomeInformation* linkingAgentIdentifier* linkingObjectIdentifier*",
    "agent": "agentIdentifier+ agentName* agentType? agentVersion? agentNote* agentExtension* " + LINKS + " linkingEnvironmentIdentifier*",
    "rights": "(rightsStatement|rightsExtension)+",
    "objectCharacteristics": "compositionLevel? fixity* size? format+ creatingApplication* inhibitors* objectCharacteristicsExtension*",
    "fixity": "messageDigestAlgorithm messageDigest messageDigestOriginator?",
    "format": "(formatDesignation formatRegistry?|formatRegistry) formatNote*",
    "formatDesignation": "formatName formatVersion?",
    "creatingApplication": "creatingApplicationName creatingApplicationVersion? dateCreatedByApplication? creatingApplicationExtension*",
    "significantProperties": "significantPropertiesType significantPropertiesValue? significantPropertiesExtension*",
    "storage": "(contentLocation storageMedium?|storageMedium)",
    "contentLocation": "contentLocationType contentLocationValue",
    "relationship": "relationshipType relationshipSubType relatedObjectIdentifier+ relatedEventIdentifier* relatedEnvironmentPurpose* relatedEnvironmentCharacteristic?",
    "relatedObjectIdentifier": "relatedObjectIdentifierType relatedObjectIdentifierValue relatedObjectSequence?",
    "eventDetailInformation": "eventDetail? eventDetailExtension*",
    "eventOutcomeInformation": "(eventOutcome eventOutcomeDetail*|eventOutcomeDetail+)",
    "eventOutcomeDetail": "eventOutcomeDetailNote eventOutcomeDetailExtension*",
    "linkingAgentIdentifier": "linkingAgentIdentifierType linkingAgentIdentifierValue linkingAgentRole*",
    "linkingObjectIdentifier": "linkingObjectIdentifierType linkingObjectIdentifierValue linkingObjectRole*",
    "rightsStatement": "rightsStatementIdentifier rightsBasis copyrightInformation? licenseInformation? statuteInformation* otherRightsInformation? rightsGranted* "
                       "linkingObjectIdentifier* linkingAgentIdentifier*",
    "otherRightsInformation": "otherRightsDocumentationIdentifier* otherRightsBasis otherRightsApplicableDates? otherRightsNote*",
    "rightsGranted": "act restriction* termOfGrant? termOfRestriction? rightsGrantedNote*",
    "termOfRestriction": "startDate endDate?",
}
for name in ("object", "event", "agent", "rightsStatement", "linkingRightsStatement", "linkingEvent"):
    CONTENT[name + "Identifier"] = f"{name}IdentifierType {name}IdentifierValue"


def name_of(element):
    assert element.tag.startswith(NAMESPACE), element.tag
    return element.tag[len(NAMESPACE):]


def check_content(element):
    name, children = name_of(element), [name_of(child) for child in element]
    key = f"object {element.attrib[TYPE]}" if name == "object" else name
    if key not in CONTENT:
        assert not children and (element.text or "").strip(), f"{name} holds elements, or no text"
        return
    pattern = re.sub(r"[A-Za-z]+", lambda m: f"(?:{m[0]} )", CONTENT[key]).replace(") (", ")(").replace(" ?", "?")
    pattern = re.sub(r"(?<=[)?*+]) (?=\()", "", pattern)
    assert re.fullmatch(pattern, "".join(child + " " for child in children)), f"{key} has {children}"
    assert not (element.text or "").strip(), f"{name} holds text"
    if name == "premis":
        assert element.attrib == {"version": "3.0"}, element.attrib
    for child in element:
        check_content(child)


def pairs(root, name):
    """The identifiers of this name, as (type, value)."""
    return {(e[0].text, e[1].text) for e in root.iter(NAMESPACE + name)}


def check(path):
    root = tree.parse(path).getroot()
    assert name_of(root) == "premis"
    check_content(root)
    for reference, own in (("linkingObjectIdentifier", "objectIdentifier"), ("relatedObjectIdentifier", "objectIdentifier"),
                           ("linkingAgentIdentifier", "agentIdentifier"), ("linkingRightsStatementIdentifier", "rightsStatementIdentifier")):
        missing = pairs(root, reference) - pairs(root, own)
        assert not missing, f"{reference}: nothing has {missing}"
    for digest in root.iter(NAMESPACE + "fixity"):
        length = {"SHA-256": 64, "md5": 32, "sha1": 40, "crc32": 8}[digest[0].text]
        assert re.fullmatch("[0-9a-f]{%d}" % length, digest[1].text), digest[1].text
    for element in list(root.iter(NAMESPACE + "size")) + list(root.iter(NAMESPACE + "compositionLevel")):
        assert re.fullmatch("[0-9]+", element.text)
    if os.environ.get("PREMIS_XSD"):
        subprocess.run(["xmllint", "--noout", "--schema", os.environ["PREMIS_XSD"], path], check=True)


if __name__ == "__main__":
    check(sys.argv[1])
