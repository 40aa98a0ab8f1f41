/* timestamp.c - see timestamp.h. */
#include "archive/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "archive/digest.h"

/* --- Asking --- */

static bool fill_request(TS_REQ *request, TS_MSG_IMPRINT *imprint, X509_ALGOR *algorithm, const void *bytes,
                         size_t size)
{
    uint8_t digest[DIGEST_SIZE];

    sha256(bytes, size, digest);
    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) && TS_MSG_IMPRINT_set_msg(imprint, digest, DIGEST_SIZE) &&
           TS_REQ_set_version(request, 1) && TS_REQ_set_msg_imprint(request, imprint) &&
           TS_REQ_set_cert_req(request, 1);
}

bool timestamp_request(const void *bytes, size_t size, struct text *to, struct error *error)
{
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char *der = NULL;
    int length = request && imprint && algorithm && fill_request(request, imprint, algorithm, bytes, size)
                     ? i2d_TS_REQ(request, &der)
                     : -1;

    if (length > 0)
        text_add(to, der, (size_t)length);
    OPENSSL_free(der);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    ERR_clear_error();
    return (length > 0 && !to->failed) ||
           error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot make a request for a time stamp");
}

/* --- Judging --- */

struct judging {
    TS_RESP *response;
    PKCS7 *token;
    X509 *signer; /* in the token */
    time_t time;  /* the latest that its accuracy allows */
    X509_STORE *store;
    STACK_OF(X509) * anchors;
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

/* The seconds by which the time may be later than it says, rounded up; -1: more than an hour, or no number. */
static long lateness(const TS_TST_INFO *info)
{
    const TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy((TS_TST_INFO *)info);
    const ASN1_INTEGER *whole = accuracy ? TS_ACCURACY_get_seconds(accuracy) : NULL;
    const long seconds = whole ? ASN1_INTEGER_get(whole) : 0; /* -1: too many for a long */
    const long part = accuracy && (TS_ACCURACY_get_millis(accuracy) || TS_ACCURACY_get_micros(accuracy));

    return seconds >= 0 && seconds + part <= 3600 ? seconds + part : -1;
}

/* Reads the stamp: its time and who signed it. */
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
    if (!j->token || !info || der != response.bytes + response.size ||
        !ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm))
        return wrong(v, "is no time stamp of RFC 3161");
    if (!is_sha256(info))
        return wrong(v, "is not over a SHA-256");
    if ((late = lateness(info)) < 0)
        return wrong(v, "is less accurate than an hour");
    j->time = seconds_of(TS_TST_INFO_get_time(info)) + late;
    strftime(v->time, sizeof v->time, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&j->time, &tm));
    signers = PKCS7_get0_signers(j->token, NULL, 0);
    j->signer = signers && sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    sk_X509_free(signers);
    if (!j->signer)
        return wrong(v, "does not hold the certificate of who made it");
    X509_NAME_oneline(X509_get_subject_name(j->signer), v->authority, sizeof v->authority);
    put_date(X509_get0_notAfter(j->signer), "%Y-%m-%d", v->expires, sizeof v->expires);
    put_date(X509_get0_notAfter(j->signer), "%Y-%m-%dT%H:%M:%SZ", v->ends, sizeof v->ends);
    return true;
}

static bool load_anchors(struct judging *j, const struct stamp_trust *trust)
{
    j->store = X509_STORE_new();
    j->anchors = sk_X509_new_null();
    if (!j->store || !j->anchors)
        return false;
    for (size_t i = 0; i < trust->anchor_count; i++) {
        BIO *file = BIO_new_file(trust->anchors[i], "r");
        X509 *certificate;

        while (file && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
            X509_STORE_add_cert(j->store, certificate);
            if (!sk_X509_push(j->anchors, certificate))
                X509_free(certificate);
        }
        BIO_free(file);
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(j->store), j->time);
    return true;
}

/* Whether a part of the stamp holds: its imprint, or its signature up to an anchor. */
static bool holds(const struct judging *j, unsigned what, struct stamp_bytes about)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    BIO *bytes = BIO_new_mem_buf(about.bytes, (int)about.size);
    bool good = false;

    if (context && bytes) {
        TS_VERIFY_CTX_set_flags(context, (int)(TS_VFY_VERSION | what));
        TS_VERIFY_CTX_set_data(context, bytes);
        bytes = NULL;
        X509_STORE_up_ref(j->store);
        TS_VERIFY_CTX_set_store(context, j->store);
        good = TS_RESP_verify_response(context, j->response) == 1;
    }
    BIO_free(bytes);
    TS_VERIFY_CTX_free(context);
    return good;
}

/* Whether a list is of the authority's issuer, and signed by it. */
static bool is_of_issuer(const struct judging *j, X509_CRL *crl)
{
    STACK_OF(X509) * lists[2] = {j->anchors, j->token->d.sign->cert};

    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(j->signer)) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        for (int n = 0; n < sk_X509_num(lists[i]); n++) {
            X509 *certificate = sk_X509_value(lists[i], n);

            if (X509_NAME_cmp(X509_get_subject_name(certificate), X509_CRL_get_issuer(crl)) == 0 &&
                X509_CRL_verify(crl, X509_get0_pubkey(certificate)) == 1)
                return true;
        }
    return false;
}

/* Whether a list says that the stamp is worth nothing. RFC 3161, section 4, 1 and 2: where the reason does not say that
 * the key was never lost, a stamp of before is good only if another shows that it is of before. */
static bool is_revoked(const struct judging *j, X509_CRL *crl, struct stamp_verdict *v)
{
    X509_REVOKED *entry;
    ASN1_ENUMERATED *reason;
    long code = -1;
    time_t stamped = j->time;
    char date[21];

    if (!is_of_issuer(j, crl) || X509_CRL_get0_by_cert(crl, &entry, j->signer) != 1)
        return false;
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    code = reason ? ASN1_ENUMERATED_get(reason) : -1;
    ASN1_ENUMERATED_free(reason);
    put_date(X509_REVOKED_get0_revocationDate(entry), "%Y-%m-%dT%H:%M:%SZ", date, sizeof date);
    snprintf(v->why, sizeof v->why, "its authority was revoked on %.10s", date);
    if (X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &stamped) < 0)
        return true;
    if (code != CRL_REASON_UNSPECIFIED && code != CRL_REASON_AFFILIATION_CHANGED && code != CRL_REASON_SUPERSEDED &&
        code != CRL_REASON_CESSATION_OF_OPERATION && strcmp(date, v->ends) < 0) {
        memcpy(v->ends, date, sizeof v->ends);
        v->revoked = true;
    }
    return false;
}

static X509_CRL *read_crl(struct stamp_bytes crl)
{
    const unsigned char *der = crl.bytes;
    BIO *bytes = BIO_new_mem_buf(crl.bytes, (int)crl.size);
    X509_CRL *read = bytes ? PEM_read_bio_X509_CRL(bytes, NULL, NULL, NULL) : NULL;

    BIO_free(bytes);
    return read ? read : d2i_X509_CRL(NULL, &der, (long)crl.size);
}

static bool judge(struct judging *j, struct stamp_bytes response, struct stamp_bytes about,
                  const struct stamp_trust *trust, struct stamp_verdict *v)
{
    if (!read_stamp(j, response, v))
        return false;
    if (!load_anchors(j, trust) || !holds(j, TS_VFY_DATA, about))
        return wrong(v, "is over something else");
    for (size_t i = 0; i < trust->crl_count; i++) {
        X509_CRL *crl = read_crl(trust->crls[i]);
        bool revoked = crl && is_revoked(j, crl, v);

        X509_CRL_free(crl);
        if (revoked)
            return false;
    }
    if (holds(j, TS_VFY_SIGNATURE, about)) {
        v->state = STAMP_GOOD;
        v->why[0] = '\0';
        return true;
    }
    v->state = STAMP_UNKNOWN;
    snprintf(v->why, sizeof v->why, "no authority that is trusted made it, or its certificate was not valid then");
    return false;
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
    sk_X509_pop_free(j.anchors, X509_free);
    X509_STORE_free(j.store);
    TS_RESP_free(j.response);
    ERR_clear_error();
}
