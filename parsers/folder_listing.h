/* Rows of folder listings, as events of the log source file_listing. */
#ifndef FOLDER_LISTING_H
#define FOLDER_LISTING_H

#include "parser.h"

typedef struct ListRow {
    Str name, size;
    Str modified; /* as the listing writes it */
    int64_t ns;   /* what it means, TIME_NONE if that is not certain */
    bool is_folder;
} ListRow;

/* A line of `ls -l`: `drwxrwxrwx  1 root root  4096 Nov 21 15:53 Logs`. Without a year the time stays a text. */
bool list_row_ls(Str line, ListRow *row);
/* TargetFilename, Folder, Size, Modified. `folder` may be empty; both slashes become backslashes. */
void list_row_add(const ListRow *row, Str folder, const Line *line, Source *src, Arena *scratch, Analysis *out);

#endif
