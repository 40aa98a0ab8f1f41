/* timestamp.c - see timestamp.h. */
#include "archive/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30400000 /* their names before 3.4, where they keep what they are given as well */
#define TS_VERIFY_CTX_set0_data TS_VERIFY_CTX_set_data
#define TS_VERIFY_CTX_set0_store TS_VERIFY_CTX_set_store
#endif

#include "archive/digest.h"

/* --- Asking --- */

static bool fill_request(TS_REQ *request, TS_MSG_IMPRINT *imprint, X509_ALGOR *algorithm, const ASN1_OBJECT *policy,
                         const void *bytes, size_t size)
{
    uint8_t digest[DIGEST_SIZE];

    sha256(bytes, size, digest);
    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) && TS_MSG_IMPRINT_set_msg(imprint, digest, DIGEST_SIZE) &&
           TS_REQ_set_version(request, 1) && TS_REQ_set_msg_imprint(request, imprint) &&
           (!policy || TS_REQ_set_policy_id(request, policy)) && TS_REQ_set_cert_req(request, 1);
}

bool timestamp_request(const void *bytes, size_t size, const char *policy, struct text *to, struct error *error)
{
    ASN1_OBJECT *object = policy ? OBJ_txt2obj(policy, 1) : NULL;
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char *der = NULL;
    int length = request && imprint && algorithm && (object || !policy) &&
                         fill_request(request, imprint, algorithm, object, bytes, size)
                     ? i2d_TS_REQ(request, &der)
                     : -1;

    if (length > 0)
        text_add(to, der, (size_t)length);
    OPENSSL_free(der);
    ASN1_OBJECT_free(object);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    ERR_clear_error();
    if (policy && !object)
        return error_set(error, STATUS_USAGE, "--policy", NULL, "write it as 1.2.3.4", "\"%.60s\" is no policy",
                         policy);
    return (length > 0 && !to->failed) ||
           error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot make a request for a time stamp");
}

/* --- Whom to trust --- */

struct stamp_anchors {
    STACK_OF(X509) * certificates;
};

/* Adds the certificates of a file; false: it has none, or one that cannot be read. */
static bool add_anchors(STACK_OF(X509) * certificates, const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate;
    const int before = sk_X509_num(certificates);
    bool good = file;

    while (good && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)))
        if (!sk_X509_push(certificates, certificate)) {
            X509_free(certificate);
            good = false;
        }
    good = good && sk_X509_num(certificates) > before && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(file);
    ERR_clear_error();
    return good;
}

struct stamp_anchors *stamp_anchors_load(const char *const *paths, size_t count, struct error *error)
{
    struct stamp_anchors *a = calloc(1, sizeof *a);
    bool good = a && (a->certificates = sk_X509_new_null());

    if (!good)
        error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "out of memory");
    for (size_t i = 0; good && i < count; i++)
        good = add_anchors(a->certificates, paths[i]) ||
               error_set(error, STATUS_INPUT, paths[i], NULL, "convert it with `openssl x509`",
                         "holds no certificates in PEM that can be read");
    if (good)
        return a;
    stamp_anchors_free(a);
    return NULL;
}

void stamp_anchors_free(struct stamp_anchors *a)
{
    if (a)
        sk_X509_pop_free(a->certificates, X509_free);
    free(a);
}

/* --- Judging --- */

#define CLOCKS_APART 300 /* seconds between the clocks of an authority and of this host that are no matter */
#define CHAIN_MOST 8     /* certificates from that of the authority up */

struct judging {
    TS_RESP *response;
    PKCS7 *token;
    X509 *signer; /* in the token */
    time_t time;  /* the latest that its accuracy allows */
    X509_STORE *store;
    STACK_OF(X509) * anchors; /* null: none */
};

static void put_date(const ASN1_TIME *time, const char *form, char *to, size_t size)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(time, &tm) || strftime(to, size, form, &tm) == 0)
        to[0] = '\0';
}

/* Seconds since 1970; 0: no time. */
static time_t seconds_of(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (epoch)
        ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    return (time_t)days * 86400 + seconds;
}

#define DATE_AND_TIME "%Y-%m-%dT%H:%M:%SZ"

static bool wrong(struct stamp_verdict *v, const char *why)
{
    v->state = STAMP_WRONG;
    snprintf(v->why, sizeof v->why, "%s", why);
    return false;
}

/* Whether the imprint is a SHA-256: a weaker digest may have two texts. */
static bool is_sha256(TS_TST_INFO *info)
{
    const ASN1_OBJECT *algorithm;

    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
    return OBJ_obj2nid(algorithm) == NID_sha256;
}

/* A part of a second is 1 to 999 thousandths or millionths (RFC 3161, section 2.4.2). */
static bool is_part(const ASN1_INTEGER *part)
{
    return !part || (ASN1_INTEGER_get(part) >= 1 && ASN1_INTEGER_get(part) <= 999);
}

/* The seconds by which the time may be later than it says, rounded up; -1: more than an hour, or no number. */
static long lateness(TS_TST_INFO *info)
{
    TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(info);
    const ASN1_INTEGER *whole = accuracy ? TS_ACCURACY_get_seconds(accuracy) : NULL,
                       *milli = accuracy ? TS_ACCURACY_get_millis(accuracy) : NULL,
                       *micro = accuracy ? TS_ACCURACY_get_micros(accuracy) : NULL;
    const ASN1_STRING *time = TS_TST_INFO_get_time(info);
    const bool split = memchr(ASN1_STRING_get0_data(time), '.', (size_t)ASN1_STRING_length(time));
    const long seconds = whole ? ASN1_INTEGER_get(whole) : 0; /* -1: too many for a long */
    const long late = seconds < 0 || seconds > 3600 ? -1 : seconds + (milli || micro) + split;

    return late <= 3600 && is_part(milli) && is_part(micro) ? late : -1;
}

/* Reads the stamp: its time, its policy and who signed it. */
static bool read_stamp(struct judging *j, struct stamp_bytes response, struct stamp_verdict *v)
{
    const unsigned char *der = response.bytes;
    TS_TST_INFO *info;
    STACK_OF(X509) * signers;
    long late = 0;
    struct tm tm;

    j->response = d2i_TS_RESP(NULL, &der, (long)response.size);
    j->token = j->response ? TS_RESP_get_token(j->response) : NULL;
    info = j->response ? TS_RESP_get_tst_info(j->response) : NULL;
    if (j->response && !j->token && der == response.bytes + response.size)
        return wrong(v, "is a refusal of the authority");
    if (!j->token || !info || der != response.bytes + response.size ||
        !ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm))
        return wrong(v, "is no time stamp of RFC 3161");
    if (!is_sha256(info))
        return wrong(v, "is not over a SHA-256");
    if ((late = lateness(info)) < 0)
        return wrong(v, "is less accurate than an hour");
    if ((j->time = seconds_of(TS_TST_INFO_get_time(info))) == 0)
        return wrong(v, "has no time");
    v->ahead = j->time > time(NULL) + CLOCKS_APART;
    j->time += late;
    strftime(v->time, sizeof v->time, DATE_AND_TIME, gmtime_r(&j->time, &tm));
    if (OBJ_obj2txt(v->policy, sizeof v->policy, TS_TST_INFO_get_policy_id(info), 1) >= (int)sizeof v->policy)
        return wrong(v, "has a policy that is too long");
    signers = PKCS7_get0_signers(j->token, NULL, 0);
    j->signer = signers && sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    sk_X509_free(signers);
    if (!j->signer)
        return wrong(v, "does not hold the certificate of who made it");
    X509_NAME_oneline(X509_get_subject_name(j->signer), v->authority, sizeof v->authority);
    put_date(X509_get0_notAfter(j->signer), DATE_AND_TIME, v->ends, sizeof v->ends);
    return true;
}

static bool use_anchors(struct judging *j, const struct stamp_anchors *anchors)
{
    bool good = (j->store = X509_STORE_new());

    j->anchors = anchors ? anchors->certificates : NULL;
    for (int i = 0; good && i < sk_X509_num(j->anchors); i++)
        good = X509_STORE_add_cert(j->store, sk_X509_value(j->anchors, i)) == 1;
    if (good)
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(j->store), j->time);
    return good;
}

/* Whether a part of the stamp holds: its imprint, or its signature up to an anchor. */
static bool holds(const struct judging *j, unsigned what, struct stamp_bytes about)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    BIO *bytes = BIO_new_mem_buf(about.bytes, (int)about.size);
    bool good = false;

    if (context && bytes) {
        TS_VERIFY_CTX_set_flags(context, (int)(TS_VFY_VERSION | what));
        TS_VERIFY_CTX_set0_data(context, bytes);
        bytes = NULL;
        X509_STORE_up_ref(j->store);
        TS_VERIFY_CTX_set0_store(context, j->store);
        good = TS_RESP_verify_response(context, j->response) == 1;
    }
    BIO_free(bytes);
    TS_VERIFY_CTX_free(context);
    return good;
}

/* --- Revocation (RFC 5280, section 6.3) --- */

static X509_CRL *read_crl(struct stamp_bytes crl)
{
    const unsigned char *der = crl.bytes;
    BIO *bytes = BIO_new_mem_buf(crl.bytes, (int)crl.size);
    X509_CRL *read = bytes ? PEM_read_bio_X509_CRL(bytes, NULL, NULL, NULL) : NULL;

    BIO_free(bytes);
    return read ? read : d2i_X509_CRL(NULL, &der, (long)crl.size);
}

bool stamp_is_crl(struct stamp_bytes bytes)
{
    X509_CRL *crl = read_crl(bytes);
    const bool is = crl;

    X509_CRL_free(crl);
    ERR_clear_error();
    return is;
}

/* Who issued a certificate, of those that are trusted and those in the stamp; null: nobody there. */
static X509 *issuer_of(const struct judging *j, X509 *certificate)
{
    STACK_OF(X509) * where[2] = {j->anchors, j->token->d.sign->cert};

    for (int i = 0; i < 2; i++)
        for (int n = 0; n < sk_X509_num(where[i]); n++) {
            X509 *issuer = sk_X509_value(where[i], n);

            if (X509_check_issued(issuer, certificate) == X509_V_OK &&
                X509_verify(certificate, X509_get0_pubkey(issuer)) == 1)
                return issuer;
        }
    return NULL;
}

/* A link of the chain from the authority's certificate up: a certificate and the one that issued it. */
struct link {
    X509 *certificate, *issuer;
    bool first;  /* the authority's own */
    bool listed; /* a list of its time or later says whether it was revoked */
};

/* Whether a list is of this issuer, and signed by it. */
static bool is_of_issuer(X509_CRL *crl, X509 *issuer)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0 &&
           (X509_get_key_usage(issuer) & X509v3_KU_CRL_SIGN) && X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
}

/* Since when a certificate is not to be relied on: its revocation, or the day that the list names as that of the loss.
 */
static void revoked_since(const X509_REVOKED *entry, char date[21])
{
    ASN1_GENERALIZEDTIME *lost = X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, NULL, NULL);
    char earlier[21] = "";

    put_date(X509_REVOKED_get0_revocationDate(entry), DATE_AND_TIME, date, 21);
    if (lost)
        put_date(lost, DATE_AND_TIME, earlier, sizeof earlier);
    if (*earlier && strcmp(earlier, date) < 0)
        memcpy(date, earlier, sizeof earlier);
    ASN1_GENERALIZEDTIME_free(lost);
}

/* What ends earlier counts. */
static void ends_by(struct stamp_verdict *v, const struct link *l, const char date[21], bool revoked)
{
    if (strcmp(date, v->ends) >= 0)
        return;
    memcpy(v->ends, date, sizeof v->ends);
    v->revoked = revoked;
    v->above = !l->first;
}

/* Whether a list says that the stamp is worth nothing. RFC 3161, section 4, 1 and 2: where the reason does not say that
 * the key was never lost, a stamp of before is good only if another shows that it is of before. What a list does not
 * name is not revoked by it, however old the list is; what it names is, also after its last day. */
static bool is_revoked(X509_CRL *crl, struct link *l, struct stamp_verdict *v)
{
    const ASN1_TIME *last = X509_CRL_get0_nextUpdate(crl) ? X509_CRL_get0_nextUpdate(crl)
                                                          : X509_CRL_get0_lastUpdate(crl);
    X509_REVOKED *entry;
    ASN1_ENUMERATED *reason;
    long code = -1;
    char date[21];

    if (!is_of_issuer(crl, l->issuer))
        return false;
    put_date(last, DATE_AND_TIME, date, sizeof date);
    l->listed = l->listed || strcmp(date, v->time) >= 0;
    if (X509_CRL_get0_by_cert(crl, &entry, l->certificate) != 1)
        return false;
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    code = reason ? ASN1_ENUMERATED_get(reason) : -1;
    ASN1_ENUMERATED_free(reason);
    revoked_since(entry, date);
    snprintf(v->why, sizeof v->why, "%s was revoked on %.10s", l->first ? "its authority" : "an authority above it",
             date);
    if (strcmp(date, v->time) <= 0)
        return true;
    if (code != CRL_REASON_UNSPECIFIED && code != CRL_REASON_AFFILIATION_CHANGED && code != CRL_REASON_SUPERSEDED &&
        code != CRL_REASON_CESSATION_OF_OPERATION)
        ends_by(v, l, date, true);
    return false;
}

/* Goes up the chain, as far as it is known, to before the certificate that vouches for itself. */
static bool check_revocation(const struct judging *j, const struct stamp_trust *trust, struct stamp_verdict *v)
{
    struct link l = {.certificate = j->signer, .first = true};

    v->listed = true;
    for (unsigned depth = 0; depth < CHAIN_MOST && (l.issuer = issuer_of(j, l.certificate)); depth++) {
        char date[21];

        put_date(X509_get0_notAfter(l.certificate), DATE_AND_TIME, date, sizeof date);
        ends_by(v, &l, date, false);
        l.listed = false;
        for (size_t i = 0; i < trust->crl_count; i++) {
            X509_CRL *crl = read_crl(trust->crls[i]);
            const bool revoked = crl && is_revoked(crl, &l, v);

            X509_CRL_free(crl);
            if (revoked)
                return false;
        }
        v->listed = v->listed && l.listed;
        if (X509_check_issued(l.issuer, l.issuer) == X509_V_OK)
            break;
        l = (struct link){.certificate = l.issuer};
    }
    return true;
}

static bool judge(struct judging *j, struct stamp_bytes response, struct stamp_bytes about,
                  const struct stamp_trust *trust, struct stamp_verdict *v)
{
    if (!read_stamp(j, response, v))
        return false;
    if (!use_anchors(j, trust->anchors) || !holds(j, TS_VFY_DATA, about))
        return wrong(v, "is over something else");
    if (!check_revocation(j, trust, v))
        return false;
    v->state = STAMP_UNKNOWN;
    if (v->ahead)
        snprintf(v->why, sizeof v->why, "is of a time that has not come yet, by the clock of this host");
    else if (!holds(j, TS_VFY_SIGNATURE, about))
        snprintf(v->why, sizeof v->why, "no authority that is trusted made it, or its certificate was not valid then");
    else {
        v->state = STAMP_GOOD;
        v->why[0] = '\0';
    }
    return v->state == STAMP_GOOD;
}

void stamp_judge(struct stamp_bytes response, struct stamp_bytes about, const struct stamp_trust *trust,
                 struct stamp_verdict *verdict)
{
    struct judging j = {.response = NULL};

    *verdict = (struct stamp_verdict){.state = STAMP_WRONG};
    if (response.size <= STAMP_LIMIT)
        judge(&j, response, about, trust, verdict);
    else
        wrong(verdict, "is too long");
    X509_STORE_free(j.store);
    TS_RESP_free(j.response);
    ERR_clear_error();
}

/* --- Where lists are --- */

/* Of RFC 3986, but for the quote. */
#define PLAIN_ADDRESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&()*+,;=%"

/* Takes the first address of a distribution point that is one, and is not there yet. */
static size_t take_address(const DIST_POINT *point, char (*addresses)[STAMP_ADDRESS], size_t count)
{
    const GENERAL_NAMES *names = point->distpoint && point->distpoint->type == 0 ? point->distpoint->name.fullname
                                                                                 : NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_IA5STRING *uri = name->type == GEN_URI ? name->d.uniformResourceIdentifier : NULL;
        const char *text = uri ? (const char *)ASN1_STRING_get0_data(uri) : "";
        const size_t length = strlen(text);

        if ((strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0) || length >= STAMP_ADDRESS ||
            (int)length != ASN1_STRING_length(uri) || strspn(text, PLAIN_ADDRESS) != length)
            continue;
        for (size_t n = 0; n < count; n++)
            if (strcmp(addresses[n], text) == 0)
                return count;
        memcpy(addresses[count], text, length + 1);
        return count + 1;
    }
    return count;
}

size_t stamp_lists(struct stamp_bytes response, struct stamp_bytes about, const struct stamp_trust *trust,
                   char (*addresses)[STAMP_ADDRESS], size_t limit)
{
    struct judging j = {.response = NULL};
    struct stamp_verdict v = {.state = STAMP_WRONG};
    size_t count = 0;

    if (response.size <= STAMP_LIMIT && judge(&j, response, about, trust, &v)) {
        X509 *certificate = j.signer, *issuer;

        for (unsigned depth = 0; depth < CHAIN_MOST && (issuer = issuer_of(&j, certificate)) && issuer != certificate;
             depth++, certificate = issuer) {
            CRL_DIST_POINTS *points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

            for (int i = 0; i < sk_DIST_POINT_num(points) && count < limit; i++)
                count = take_address(sk_DIST_POINT_value(points, i), addresses, count);
            CRL_DIST_POINTS_free(points);
        }
    }
    X509_STORE_free(j.store);
    TS_RESP_free(j.response);
    ERR_clear_error();
    return count;
}
