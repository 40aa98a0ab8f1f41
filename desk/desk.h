/* desk.h - the public header of desk/: where people meet Muniment.
 *
 * This folder is the command `muniment`. It reads the command line (options.h), joins disks to machines and runs them
 * (session.h), follows scripts (script.h) and shows the result. It is on top: it calls every other folder, and none
 * calls it. */
#ifndef MUNIMENT_DESK_H
#define MUNIMENT_DESK_H

#include "desk/options.h"
#include "formats/images/images.h"
#include "manifests/manifests.h"

/* The subcommands; each is the `run` of a struct command. They print their own errors and return the exit status. */
enum status key_new_run(const struct arguments *arguments);
enum status key_root_run(const struct arguments *arguments);
enum status key_certify_run(const struct arguments *arguments);
enum status key_revoke_run(const struct arguments *arguments);
enum status manifest_check_run(const struct arguments *arguments);
enum status seal_run(const struct arguments *arguments);
enum status verify_run(const struct arguments *arguments);
enum status decide_run(const struct arguments *arguments);
enum status countersign_run(const struct arguments *arguments);
enum status stamp_run(const struct arguments *arguments);
enum status derive_run(const struct arguments *arguments);
enum status flatten_run(const struct arguments *arguments);
enum status diff_run(const struct arguments *arguments);
enum status info_run(const struct arguments *arguments);
enum status ingest_run(const struct arguments *arguments);
enum status premis_run(const struct arguments *arguments);
enum status bag_run(const struct arguments *arguments);
enum status dispose_run(const struct arguments *arguments);
enum status ls_run(const struct arguments *arguments);
enum status identify_run(const struct arguments *arguments);
enum status suggest_run(const struct arguments *arguments);
enum status machines_run(const struct arguments *arguments);
enum status boot_run(const struct arguments *arguments);
enum status replay_run(const struct arguments *arguments);
enum status text_run(const struct arguments *arguments);
enum status film_run(const struct arguments *arguments);
enum status state_run(const struct arguments *arguments);
enum status export_run(const struct arguments *arguments);
enum status files_run(const struct arguments *arguments);
enum status retrieve_run(const struct arguments *arguments);
enum status parity_new_run(const struct arguments *arguments);
enum status parity_check_run(const struct arguments *arguments);
enum status repair_run(const struct arguments *arguments);
enum status serve_run(const struct arguments *arguments);
enum status log_new_run(const struct arguments *arguments);
enum status log_show_run(const struct arguments *arguments);
enum status log_verify_run(const struct arguments *arguments);
enum status log_head_run(const struct arguments *arguments);
enum status log_prove_run(const struct arguments *arguments);
enum status log_pseudonym_run(const struct arguments *arguments);

/* Prints the error and returns its status. */
enum status desk_fail(const struct error *error);

struct archive_folders;
/* The folders of --library, to be freed with free(folders->paths). */
bool desk_folders(const struct arguments *arguments, struct archive_folders *folders, struct error *error);

/* How the images of the drives are to be opened: --format [SLOT:]FORMAT, --follow. */
bool desk_image_requests(const struct arguments *arguments, struct image_request requests[DRIVE_COUNT],
                         struct error *error);

/* The lock_in of a struct image_request. */
bool desk_lock_reader(struct error *error);

struct archive;

/* Opens an archive to use what is in it; the parents of a derived one are looked for beside it and in --library. With
 * --trust it is refused unless its signature fits and its signer is among those named; without, a signature that does
 * not fit is reported on standard error. */
struct archive *desk_open_archive(const struct arguments *arguments, const char *path, struct error *error);

#endif
