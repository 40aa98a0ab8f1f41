/* transcendental_tables.h - written by transcendental_tables.py; do not edit. Included by transcendental.c only.
 *
 * Constants are fractions of 32 limbs, the highest first, cut off. A landmark is a number whose logarithm, or a
 * direction whose angle, is a sum of few constants: an argument is measured from the landmark of its 1/32, so that the
 * series that remains is short. */
/* clang-format off */

/* ln 2 */
static const uint32_t ln_2[BIG_LIMBS] = {
     0xB17217F7, 0xD1CF79AB, 0xC9E3B398, 0x03F2F6AF, 0x40F34326, 0x7298B62D, 0x8A0D175B, 0x8BAAFA2B,
     0xE7B87620, 0x6DEBAC98, 0x559552FB, 0x4AFA1B10, 0xED2EAE35, 0xC1382144, 0x27573B29, 0x1169B825,
     0x3E96CA16, 0x224AE8C5, 0x1ACBDA11, 0x317C387E, 0xB9EA9BC3, 0xB136603B, 0x256FA0EC, 0x7657F74B,
     0x72CE87B1, 0x9D6548CA, 0xF5DFA6BD, 0x38303248, 0x655FA187, 0x2F20E3A2, 0xDA2D97C5, 0x0F3FD5C6};

/* 1 / (2 ln 2) */
static const uint32_t half_log2_e[BIG_LIMBS] = {
     0xB8AA3B29, 0x5C17F0BB, 0xBE87FED0, 0x691D3E88, 0xEB577AA8, 0xDD695A58, 0x8B25166C, 0xD1A13247,
     0xDE1C43F7, 0x55176CD6, 0x24D92F75, 0xC16BE0B3, 0xEA90B9E6, 0x0C4A909F, 0xC4BFAF03, 0x53DF39B3,
     0x2FE29493, 0x2617D9D5, 0xB21B43D5, 0x79D5A206, 0x0B5EBBBF, 0x3A828546, 0x8D1CF457, 0xAB63253C,
     0x199A9483, 0x6F5B4967, 0x278CCF08, 0x4679C940, 0xCE7E2035, 0x8CD5DB8F, 0x612F08FB, 0xAE30A173};

static const uint32_t log_units[][BIG_LIMBS] = {
    { /* log2(3/2) */
     0x95C01A39, 0xFBD6879F, 0xA00B120A, 0x068BADD1, 0x24F3E6A3, 0xA259B040, 0x7BE5904D, 0x25FA41F7,
     0x14FBCDFF, 0xB0C56E98, 0x678BF970, 0xFBD764A2, 0xD949B661, 0x23DBF818, 0x876529E4, 0x02522BAD,
     0x57F7B376, 0xD0C93D05, 0x186CD6E5, 0x7DDAFCB1, 0xBEAA24C8, 0xBCAE04BE, 0xBF65FAA6, 0xDAA5DF01,
     0x26857B64, 0x8BC732D2, 0x5CC19087, 0xE2B35FB3, 0xFE91CE58, 0xED7EE01B, 0x86F065B9, 0x8E2FB4B2},
    { /* log2(5/4) */
     0x5269E12F, 0x346E2BF9, 0x24AFDBFD, 0x36BF6D33, 0x65B157F8, 0xDECEB53A, 0x46DAB202, 0x0B9E1674,
     0x19943F7A, 0x77547CE8, 0xF892FAAD, 0x8EB42F58, 0x50D7B920, 0x15972953, 0x3FC58B35, 0x3D80CE07,
     0xD93E5B05, 0xF66D7537, 0xFB9B09AE, 0x3E326F40, 0xE1797E40, 0x730B46B2, 0x3A3DD5DD, 0x44254C2E,
     0x19631B7F, 0xA8FBB5C4, 0xC13E22D0, 0xFACAE1BE, 0xAA4D8F3E, 0x70662313, 0x5A712F08, 0x22787D85},
    { /* log2(7/4) */
     0xCEAECFEA, 0x80859B33, 0x2AC903A4, 0x13E5A847, 0x38C6A548, 0x017167CA, 0xBBD6261D, 0x9D0C373A,
     0x7437CB59, 0x6D33004A, 0x7F342278, 0x3FBC4EEC, 0xAD8DF11A, 0x5D1B520C, 0x769CBE5D, 0x16373B4E,
     0x97D8A272, 0xF0FEC5C8, 0x509E9EDF, 0x6236D06B, 0x93A5784E, 0x7DB628D0, 0xBA5CFE50, 0x891DB6AC,
     0x8B60D02D, 0x20C0E766, 0x6D4923AF, 0x6DEE0B94, 0xB39289E2, 0x562C9675, 0xFABE6846, 0x5E0F68B4},
};

static const uint32_t angle_units[][BIG_LIMBS] = {
    { /* pi/4 */
     0xC90FDAA2, 0x2168C234, 0xC4C6628B, 0x80DC1CD1, 0x29024E08, 0x8A67CC74, 0x020BBEA6, 0x3B139B22,
     0x514A0879, 0x8E3404DD, 0xEF9519B3, 0xCD3A431B, 0x302B0A6D, 0xF25F1437, 0x4FE1356D, 0x6D51C245,
     0xE485B576, 0x625E7EC6, 0xF44C42E9, 0xA637ED6B, 0x0BFF5CB6, 0xF406B7ED, 0xEE386BFB, 0x5A899FA5,
     0xAE9F2411, 0x7C4B1FE6, 0x49286651, 0xECE45B3D, 0xC2007CB8, 0xA163BF05, 0x98DA4836, 0x1C55D39A},
    { /* arg(2 + i) */
     0x76B19C15, 0x86ED3DA2, 0xB7F222F6, 0x5E1D4681, 0xB70A0AC3, 0x930E6F80, 0x71678B73, 0x74B12384,
     0xFD4E2C8B, 0xC495A8B6, 0x43E4097C, 0x635230C1, 0x6770F407, 0x7E9E0009, 0xEB6C2F1B, 0x431146DE,
     0xBC89A3A9, 0xA0D94DB2, 0xB75FF501, 0x04366583, 0xA99B6E84, 0x83B4BA9C, 0x6FE9362D, 0xF0AA3BC8,
     0xE0B44F61, 0xA5EBDF2D, 0xF7D75C58, 0xDFF702A6, 0x9E1B5358, 0x2005EC2B, 0x7869B213, 0x51DD7B53},
    { /* arg(3 + 2i) */
     0x968756B0, 0x331CAB69, 0x1105160A, 0x45EE5860, 0xA87135BE, 0xBEC1CAA4, 0xCEF9F663, 0x341EA672,
     0x17E82D8C, 0x04D0E102, 0xEBE35526, 0x9F98CBA5, 0x131F6D38, 0xBCF15F89, 0x90B9CA2C, 0x9B01D4CC,
     0x787817FB, 0x60817038, 0x670AFD5A, 0x7DA082F9, 0x859D0339, 0x24F1D28C, 0x80878525, 0xFA12667D,
     0x53D166F7, 0xAB1D615B, 0x257AD93A, 0x20E90BD9, 0xFE69DB1B, 0xC23C8C8A, 0x8BC0C41F, 0x6D234347},
    { /* arg(4 + i) */
     0x3EB6EBF2, 0x5901BAC5, 0x5B71E7BD, 0x7DE885F9, 0x6A9FEA40, 0xE22CE0DA, 0xDE8E9D9F, 0x251269D9,
     0x64AE4945, 0x9A395D94, 0xC16FA316, 0xE960C68F, 0x8F0AF089, 0xC1C793E6, 0x83D070EA, 0xC0E660DE,
     0x67A2ADD0, 0xF8FCA695, 0xFDA27231, 0x5756F724, 0x023448D5, 0xEB389C81, 0xF848738F, 0xCF96F2CB,
     0x6EE51DE7, 0xD9EA1204, 0xC31B0A65, 0x9382463F, 0x35202301, 0x172DFD3E, 0x76168AB6, 0xF52CC10E},
};

/* log2(p / 2^s) is, except for its integer part, the sum of log_units times units; p / 2^s, between 1 and 2, is near 1 + (i + 1/2)/32. */
static const struct log_landmark { uint32_t p; int8_t units[3]; } log_landmarks[] = {
    {1, {0, 0, 0}}, {8575, {0, 2, 3}}, {2205, {2, 1, 2}}, {567, {4, 0, 1}}, {9375, {1, 5, 0}}, {75, {1, 2, 0}},
    {1225, {0, 2, 2}}, {315, {2, 1, 1}}, {81, {4, 0, 0}}, {1323, {3, 0, 2}}, {10935, {7, 1, 0}}, {178605, {6, 1, 2}},
    {2835, {4, 1, 1}}, {729, {6, 0, 0}}, {11907, {5, 0, 2}}, {6075, {5, 2, 0}}, {99225, {4, 2, 2}}, {50625, {4, 4, 0}},
    {405, {4, 1, 0}}, {6561, {8, 0, 0}}, {105, {1, 1, 1}}, {1715, {0, 1, 3}}, {875, {0, 3, 1}}, {14175, {4, 2, 1}},
    {7203, {1, 0, 4}}, {3675, {1, 2, 2}}, {1875, {1, 4, 0}}, {30375, {5, 3, 0}}, {15435, {2, 1, 3}}, {7875, {2, 3, 1}},
    {125, {0, 3, 0}}, {2025, {4, 2, 0}},
};

/* atan(b / a) is the sum of angle_units times units; b / a is near (i + 1/2)/32. */
static const struct angle_landmark { uint16_t a, b; int8_t units[4]; } angle_landmarks[] = {
    {1, 0, {0, 0, 0, 0}}, {21, 1, {-1, 0, 1, 1}}, {13, 1, {1, -1, 0, -1}}, {29, 3, {1, -2, 0, 1}}, {7, 1, {-1, 2, 0, 0}},
    {53, 9, {-1, 1, 0, 2}}, {5, 1, {1, 0, -1, 0}}, {189, 43, {1, -1, -1, 2}}, {11, 3, {-1, 1, 1, 0}}, {23, 7, {1, 0, 0, -2}},
    {3, 1, {1, -1, 0, 0}}, {14, 5, {0, 0, 1, -1}}, {31, 12, {0, -1, 1, 1}}, {12, 5, {2, 0, -2, 0}}, {42, 19, {2, -3, 0, 1}},
    {23, 11, {1, -2, 1, 0}}, {151, 77, {3, -1, -2, -1}}, {333, 181, {3, -2, -2, 1}}, {7, 4, {2, -1, -1, 0}}, {262, 159, {2, -2, -1, 2}},
    {11, 7, {1, -1, 0, 1}}, {3, 2, {0, 0, 1, 0}}, {31, 22, {2, -1, 0, -2}}, {61, 45, {-1, 0, 2, 1}}, {83, 64, {-2, 1, 3, 0}},
    {149, 118, {2, -3, 0, 2}}, {67, 55, {1, 0, -1, 2}}, {7, 6, {0, 1, 0, 1}}, {19, 17, {-1, 2, 1, 0}}, {226, 207, {2, -2, 1, -2}},
    {24, 23, {2, -1, -1, 1}}, {191, 188, {-2, 2, 2, 1}},
};
