#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "evtx_writer.h"
#include "hive_writer.h"

const char *fixture_join_str(Arena *a, const char *folder, Str name)
{
    Str parts[] = {str_of(folder), STR("/"), name, {(const uint8_t *)"", 1}};
    return (const char *)arena_join(a, parts, 4).at;
}

const char *fixture_join(Arena *a, const char *folder, const char *name)
{
    return fixture_join_str(a, folder, str_of(name));
}

bool fixture_read(Arena *a, const char *path, Str *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *at = ARENA_NEW(a, uint8_t, size > 0 ? (size_t)size : 1);
    size_t got = size > 0 ? fread(at, 1, (size_t)size, file) : 0;
    bool good = size >= 0 && got == (size_t)size && !ferror(file);
    fclose(file);
    *bytes = (Str){at, got};
    return good;
}

static const char *hive_add(Arena *a, Str text, Str name, FixtureList *list)
{
    const char *why = NULL;
    HiveFiles files = hive_write(text, a, &why);
    for (size_t i = 0; i < files.count; i++) {
        Str parts[] = {name, files.at[i].suffix};
        *VEC_ADD(a, list) = (FixtureFile){arena_join(a, parts, 2), files.at[i].bytes};
    }
    return why;
}

static const char *file_add(Arena *a, const char *path, Str below, FixtureList *list)
{
    FixtureFile file = {.path = below};
    const char *why = NULL;
    if (!fixture_read(a, path, &file.bytes)) {
        return "a file cannot be read";
    }
    if (str_ends(below, STR(".evtx.xml"))) {
        file.path = str_slice(below, 0, below.len - 4);
        file.bytes = evtx_write(file.bytes, a, &why);
    }
    if (str_ends(below, STR(".hive.txt"))) {
        return hive_add(a, file.bytes, str_slice(below, 0, below.len - 9), list);
    }
    *VEC_ADD(a, list) = file;
    return file.bytes.len || !why ? NULL : why;
}

static const char *folder_add(Arena *a, const char *folder, Str below, FixtureList *list)
{
    Str *names;
    size_t count;
    const char *why = NULL;
    if (!platform_folder(a, folder, &names, &count)) {
        return "a folder cannot be read";
    }
    for (size_t i = 0; i < count && !why; i++) {
        const char *path = fixture_join_str(a, folder, names[i]);
        Str parts[] = {below, STR("/"), names[i]};
        Str name = below.len ? arena_join(a, parts, 3) : names[i];
        FileKind kind = platform_file(path, false, NULL, NULL);
        why = kind == FILE_FOLDER ? folder_add(a, path, name, list) : file_add(a, path, name, list);
    }
    return why;
}

const char *fixture_files(Arena *a, const char *folder, FixtureList *list)
{
    return folder_add(a, folder, STR(""), list);
}

Companions fixture_beside(Arena *a, const FixtureList *list)
{
    Companion *all = ARENA_NEW(a, Companion, list->count);
    for (size_t i = 0; i < list->count; i++) {
        all[i] = (Companion){list->at[i].path, list->at[i].bytes};
    }
    return (Companions){.at = all, .count = list->count};
}
