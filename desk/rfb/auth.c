/* auth.c - VNC Authentication (RFC 6143, 7.2.2): DES with a password as key, the lowest bit of each byte first. */
#include <openssl/evp.h>
#include <string.h>

#include "desk/rfb/viewer.h"

bool vnc_response(const char *password, const uint8_t challenge[16], uint8_t response[16])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t key[24] = {0};
    int length = 0;
    bool good;

    for (unsigned i = 0; i < RFB_PASSWORD && password[i]; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            key[i] |= (uint8_t)(((uint8_t)password[i] >> bit & 1) << (7 - bit));
    /* Three times the same key is DES, which OpenSSL keeps among its old ciphers. */
    memcpy(key + 8, key, 8);
    memcpy(key + 16, key, 8);
    good = context && EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), NULL, key, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
           EVP_EncryptUpdate(context, response, &length, challenge, 16) == 1 && length == 16;
    EVP_CIPHER_CTX_free(context);
    return good;
}

bool same_secret(const uint8_t *a, const uint8_t *b, size_t size)
{
    volatile uint8_t differs = 0;

    for (size_t i = 0; i < size; i++)
        differs = (uint8_t)(differs | (a[i] ^ b[i]));
    return !differs;
}
