/* test_recording.c - facts about recordings at the line input: they are known again, and a replay that begins with a
 * snapshot has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/numbers.h"
#include "verify/runs/runs.h"

#define FRAMES 40000u /* mono, 16 bits: more than one block of the file */
#define LENGTH (44 + 2 * FRAMES)

static char folder[] = "/tmp/muniment-recording-XXXXXX";
static uint8_t file[LENGTH];

static void name(char path[64], const char *which)
{
    snprintf(path, 64, "%s/%s", folder, which);
}

/* 8,000 Hz, its samples counted up from `first`. */
static void put_wave(const char *path, unsigned first)
{
    FILE *to = fopen(path, "wb");

    memcpy(file, "RIFF....WAVEfmt ", 16);
    put_le(file + 16, 16, 4);
    put_le(file + 20, 0x10001, 4);
    put_le(file + 24, 8000, 4);
    put_le(file + 28, 16000, 4);
    put_le(file + 32, 0x100002, 4);
    memcpy(file + 36, "data", 4);
    put_le(file + 40, 2 * FRAMES, 4);
    for (unsigned i = 0; i < FRAMES; i++)
        put_le(file + 44 + 2 * i, first + i, 2);
    assert_int_equal(fwrite(file, 1, LENGTH, to), LENGTH);
    fclose(to);
}

static void change(const char *path, long at)
{
    FILE *to = fopen(path, "r+b");

    assert_int_equal(fseek(to, at, SEEK_SET), 0);
    fputc(file[at] ^ 1, to);
    fclose(to);
}

static void manifest_of(struct machine_manifest *manifest)
{
    machine_manifest_default(manifest);
    manifest->memory = 1u << 20;
    manifest->display = DISPLAY_NONE;
    manifest->sound_card = SOUND_CARD_SB16;
    manifest->line_in = true;
}

static void what_is_heard_is_what_was_digested(void **state)
{
    struct media media = {.archive = NULL};
    struct recording r;
    struct error error;
    int16_t frames[4][2];
    uint8_t digest[DIGEST_SIZE];
    char path[64], hex[65];

    (void)state;
    manifest_of(&media.manifest);
    name(path, "heard.wav");
    put_wave(path, 1);
    assert_true(media_open_recording(&media, path, &r, &error));
    sha256(file, LENGTH, digest);
    hex_encode(digest, hex);
    assert_string_equal(r.sha256, hex);
    const uint64_t across = (WAVE_BLOCK - 44) / 2 - 2;
    assert_true(r.wave.read(r.wave.context, across, 4, frames));
    assert_int_equal(frames[0][0], (int16_t)(across + 1));
    assert_int_equal(frames[3][1], (int16_t)(across + 4));
    change(path, LENGTH - 1); /* in the block that is held: it is as it was */
    assert_true(r.wave.read(r.wave.context, FRAMES - 4, 4, frames));
    change(path, 100);
    assert_false(r.wave.read(r.wave.context, 1, 1, frames));
    assert_non_null(strstr(r.wave.failure(r.wave.context)->what, "was changed while it was read"));
    assert_int_equal(truncate(path, 1000), 0);
    assert_false(r.wave.read(r.wave.context, 1, 1, frames));
    assert_non_null(strstr(r.wave.failure(r.wave.context)->what, "became shorter"));
    recording_close(&r);
}

static const char root[] = "1111111111111111111111111111111111111111111111111111111111111111";

static void media_of(struct media *media)
{
    memset(media, 0, sizeof *media);
    manifest_of(&media->manifest);
    media->system = (struct firmware){calloc(4096, 1), 4096};
    memcpy(media->system.bytes + 4096 - 16, (const uint8_t[]){0x40, 0xEB, 0xFD}, 3); /* INC AX, JMP */
}

/* A run that is recorded: one recording, another one, a snapshot, the end. */
static void record(const char *const paths[2], const char *snapshot, struct text *journal,
                   struct machine_identity *identity)
{
    struct machine_host host = {.context = NULL};
    struct journal_header header;
    struct recorder recorder;
    struct media media;
    struct error error;
    const char *reason;

    media_of(&media);
    media_host(&media, &host);
    struct machine *m = machine_create(&media.manifest, &host, &reason);
    assert_non_null(m);
    assert_true(machine_identify(&media, identity, NULL, NULL, &error));
    struct machine_identity then = *identity;
    assert_true(record_header(m, media.manifest.version, root, &header));
    assert_true(recorder_create_in_memory(&recorder, m, &header, journal, UINT64_C(1) << 40, &error));
    for (unsigned i = 0; i < 2; i++) {
        machine_run(m, 1000000 * (i + 1));
        recording_close(&media.line);
        assert_true(media_open_recording(&media, paths[i], &media.line, &error));
        record_line_in(&recorder, recording_wave(&media.line), media.line.sha256);
    }
    machine_run(m, 3000000);
    assert_true(record_digest(&recorder));
    assert_true(machine_identity_update(&media, &then, &error));
    assert_string_equal(then.line_in, media.line.sha256);
    assert_true(snapshot_write(m, &then, snapshot, true, &error));
    machine_run(m, 5000000);
    assert_true(record_end(&recorder, true, &error));
    machine_destroy(m);
    media_close(&media);
}

static void replay_begins_with_a_snapshot_of_a_machine_that_listens(void **state)
{
    char paths[2][64], snapshot_path[64];
    const char *const names[] = {paths[0], paths[1]};
    struct machine_host outside = {.context = NULL};
    struct machine_identity identity;
    struct replay_images images;
    struct text text = {.bytes = NULL};
    struct snapshot snapshot;
    struct journal journal;
    struct error error;

    (void)state;
    name(paths[0], "first.wav");
    name(paths[1], "second.wav");
    name(snapshot_path, "snapshot");
    put_wave(paths[0], 100);
    put_wave(paths[1], 200);
    record(names, snapshot_path, &text, &identity);
    assert_true(journal_parse(text.bytes, text.length, "journal", &journal, &error));
    assert_true(snapshot_read(snapshot_path, &snapshot, &error));
    /* by itself, opened beforehand, and after a snapshot that does not fit */
    for (unsigned how = 0; how < 3; how++) {
        struct machine_identity own = identity;
        struct replay replay;
        struct media media;
        media_of(&media);
        assert_true(replay_images_open(&images, (const char **)names, 2, NULL, NULL, NULL, &error));
        if (how == 1) {
            struct replay_insert inserts[REPLAY_MEDIA];
            assert_int_equal(replay_inserts(&journal, inserts), 2);
            assert_true(replay_open_media(&images, media.images, inserts, 2, &error));
            assert_int_equal(images.ready_count, 2);
        }
        assert_true(replay_begin(&replay, "journal", &journal, &media, root, &images, &outside, &error));
        if (how == 2) {
            own.version++;
            assert_false(replay_from(&replay, &snapshot, &own, &error));
            assert_int_equal(machine_tick(replay.machine), 0);
            assert_false(media.line.present);
        } else {
            assert_true(replay_from(&replay, &snapshot, &own, &error));
            assert_int_equal(machine_tick(replay.machine), 3000000);
            assert_string_equal(own.line_in, media.line.sha256);
        }
        replay_to(&replay, 5000000);
        assert_int_equal(replay.outcome, REPLAY_EQUAL);
        assert_int_equal(replay.next, journal.count);
        replay_end(&replay);
        media_close(&media);
        replay_images_free(&images);
    }
    snapshot_free(&snapshot);
    journal_free(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_heard_is_what_was_digested),
        cmocka_unit_test(replay_begins_with_a_snapshot_of_a_machine_that_listens),
    };
    static const char *const files[] = {"heard.wav", "first.wav", "second.wav", "snapshot"};
    char path[64];

    if (!mkdtemp(folder))
        return 1;
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        name(path, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return result;
}
