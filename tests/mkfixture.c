/* mkfixture FOLDER OUT          OUT ends in .zip, .7z, .tar.gz or .tar
 * mkfixture FOLDER -folder DIR  files in a folder
 *
 * Makes a bundle out of a readable folder, as analyzer/fixture_bundle.h describes it. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

#include "base/platform.h"
#include "base/timestamp.h"
#include "fixture_bundle.h"

static int fail(Str what)
{
    fprintf(stderr, "mkfixture: %.*s\n", (int)what.len, (const char *)what.at);
    return 1;
}

static int fail_bundle(const FixtureBundle *bundle)
{
    fprintf(stderr, "mkfixture: %.*s:", (int)bundle->trouble_file.len, (const char *)bundle->trouble_file.at);
    if (bundle->trouble_line) {
        fprintf(stderr, "%u:1:", bundle->trouble_line);
    }
    fprintf(stderr, " %.*s\n", (int)bundle->trouble.len, (const char *)bundle->trouble.at);
    return 1;
}

static bool write_file(struct archive *to, Arena *a, const char *folder, const FixtureMember *member)
{
    struct archive_entry *entry = archive_entry_new();
    Str path[] = {str_of(folder), STR("/"), member->name, STR("\0")};
    archive_entry_set_pathname(entry, (const char *)arena_join(a, path, 4).at);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (int64_t)member->bytes.len);
    archive_entry_set_mtime(entry, member->mtime_ns / NS_SECOND, (long)(member->mtime_ns % NS_SECOND));
    bool good = archive_write_header(to, entry) >= ARCHIVE_WARN &&
                (!member->bytes.len || archive_write_data(to, member->bytes.at, member->bytes.len) >= 0) &&
                archive_write_finish_entry(to) >= ARCHIVE_WARN;
    archive_entry_free(entry);
    return good;
}

static int write_folder(const FixtureBundle *bundle, Arena *a, const char *folder)
{
    struct archive *to = archive_write_disk_new();
    bool good = true;
    archive_write_disk_set_options(to, ARCHIVE_EXTRACT_TIME);
    for (size_t i = 0; good && i < bundle->members.count; i++) {
        good = write_file(to, a, folder, &bundle->members.at[i]);
    }
    good = good && archive_write_close(to) >= ARCHIVE_WARN;
    int status = good ? 0 : fail(str_of(archive_error_string(to)));
    archive_write_free(to);
    return status;
}

static int write_archive(FixtureBundle *bundle, Arena *a, const char *path)
{
    Str bytes = fixture_archive(a, bundle, str_of(path));
    if (bundle->trouble.len) {
        return fail_bundle(bundle);
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.at, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    Arena a = {0};
    bool folder = argc == 4 && str_eq(str_of(argv[2]), STR("-folder"));
    if (argc != 3 && !folder) {
        return fail(STR("usage: mkfixture FOLDER OUT.zip|OUT.7z|OUT.tar.gz|OUT.tar|-folder DIR"));
    }
    platform_begin();
    FixtureBundle bundle = fixture_bundle(&a, str_of(argv[1]), NULL);
    int status = bundle.trouble.len ? fail_bundle(&bundle)
                 : folder           ? write_folder(&bundle, &a, argv[3])
                                    : write_archive(&bundle, &a, argv[2]);
    arena_free(&a);
    return status;
}
