/*
 * Files, digests, manifests.
 *
 * A name is checked before anything is opened, and what is opened must be a
 * regular file with one link. No file of a bag is trusted for what another one
 * says: manifests are not parsed but made anew from what is there, and
 * compared.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "proto/format/file.h"
#include "proto/format/hash.h"

#define DEPTH_MAX 4
#define READ_BYTES 65536

const char files_bagit[] = "BagIt-Version: 1.0\n"
			   "Tag-File-Character-Encoding: UTF-8\n";

void files_free(struct bag_files *files)
{
	free(files->items);
	memset(files, 0, sizeof *files);
}

int files_add(struct bag_files *files, const char *path)
{
	struct bag_file *more;

	if (files->count == files->room) {
		files->room = files->room ? 2 * files->room : 64;
		more =
		    realloc(files->items, files->room * sizeof *files->items);
		if (!more)
			return -ENOMEM;
		files->items = more;
	}
	memset(&files->items[files->count], 0, sizeof *files->items);
	memcpy(files->items[files->count].path, path, strlen(path));
	files->count++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct bag_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void files_sort(struct bag_files *files)
{
	if (files->count > 0)
		qsort(
		    files->items, files->count, sizeof *files->items, by_path);
}

const struct bag_file *files_find(
    const struct bag_files *files, const char *path)
{
	struct bag_file key = {.size = 0};

	if (strlen(path) >= sizeof key.path || files->count == 0)
		return NULL;
	memcpy(key.path, path, strlen(path));
	return bsearch(
	    &key, files->items, files->count, sizeof *files->items, by_path);
}

/* [A-Za-z0-9][A-Za-z0-9._-]* */
static bool name_is_safe(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		bool alnum = (name[i] >= '0' && name[i] <= '9') ||
			     (name[i] >= 'A' && name[i] <= 'Z') ||
			     (name[i] >= 'a' && name[i] <= 'z');

		if (!alnum && (i == 0 || !strchr("._-", name[i])))
			return false;
	}
	return i > 0 && i < FILES_PATH_MAX;
}

struct walk {
	struct bag_files *files;
	enum bag_reason *reason;
	char *file;
};

static int stop(struct walk *walk, enum bag_reason reason, const char *path)
{
	size_t len = strnlen(path, FILES_PATH_MAX - 1);

	*walk->reason = reason;
	memcpy(walk->file, path, len);
	walk->file[len] = 0;
	return 1;
}

static int walk_dir(struct walk *walk, int dir, const char *prefix, int depth);

/* One name in a directory; ${prefix} is "" or ends in '/'. */
static int walk_name(
    struct walk *walk, int dir, const char *prefix, const char *name, int depth)
{
	char path[FILES_PATH_MAX + 2];
	struct stat st;
	int sub, r;

	if (!name_is_safe(name) ||
	    strlen(prefix) + strlen(name) + 2 > FILES_PATH_MAX)
		return stop(walk, BAG_BAD_NAME, prefix);
	memcpy(path, prefix, strlen(prefix));
	memcpy(path + strlen(prefix), name, strlen(name) + 1);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && st.st_nlink == 1)
		return walk->files->count < FILES_MAX
			   ? files_add(walk->files, path)
			   : stop(walk, BAG_BAD_NAME, path);
	if (!S_ISDIR(st.st_mode))
		return stop(walk, BAG_BAD_KIND, path);
	if (depth == DEPTH_MAX)
		return stop(walk, BAG_BAD_NAME, path);
	sub =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return -errno;
	memcpy(path + strlen(path), "/", 2);
	r = walk_dir(walk, sub, path, depth + 1);
	return r;
}

/* Takes over ${dir}. An empty directory is as much a foreign thing as a file.
 */
static int walk_dir(struct walk *walk, int dir, const char *prefix, int depth)
{
	DIR *list = fdopendir(dir);
	struct dirent *item;
	size_t names = 0;
	int r = 0;

	if (!list) {
		r = -errno;
		close(dir);
		return r;
	}
	while (r == 0 && (errno = 0, item = readdir(list)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 ||
		    strcmp(item->d_name, "..") == 0)
			continue;
		names++;
		r = walk_name(walk, dir, prefix, item->d_name, depth);
	}
	if (r == 0 && errno != 0) /* there may be more than was told */
		r = -errno;
	closedir(list);
	if (r == 0 && names == 0 && depth > 1)
		r = stop(walk, BAG_BAD_NAME, prefix);
	return r;
}

int files_walk(int dir, struct bag_files *files, enum bag_reason *ret_reason,
    char ret_file[FILES_PATH_MAX])
{
	struct walk walk = {files, ret_reason, ret_file};
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (copy < 0)
		return -errno;
	r = walk_dir(&walk, copy, "", 1);
	files_sort(files);
	return r;
}

int files_open(int dir, const char *path, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	int fd, r;

	fd = openat(dir, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
		r = -EINVAL;
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int files_read(int dir, const char *path, size_t max, struct buf *out)
{
	uint64_t size = 0;
	uint8_t *room;
	size_t n = 1;
	int fd = -1, r;

	r = files_open(dir, path, &fd, &size);
	if (r < 0)
		return r;
	if (size > max)
		r = -EMSGSIZE;
	while (r == 0 && n > 0) {
		r = buf_reserve(out, READ_BYTES, &room);
		if (r == 0)
			r = file_read(fd, room, READ_BYTES, &n);
		if (r == 0)
			out->len += n;
		if (r == 0 && out->len > max)
			r = -EMSGSIZE;
	}
	close(fd);
	return r;
}

struct progress {
	bag_progress_cb tell;
	void *context;
	uint64_t done, total;
};

static int digest_fd(int fd, struct bag_file *file, EVP_MD_CTX *sha512,
    struct progress *progress)
{
	struct hasher *sha256 = NULL;
	uint8_t *data = malloc(READ_BYTES);
	size_t n = 1;
	int r;

	r = data ? hasher_new(&sha256) : -ENOMEM;
	if (r == 0 && EVP_DigestInit_ex(sha512, EVP_sha512(), NULL) != 1)
		r = -EIO;
	while (r == 0 && n > 0) {
		r = file_read(fd, data, READ_BYTES, &n);
		if (r == 0)
			r = hasher_update(sha256, data, n);
		if (r == 0 && EVP_DigestUpdate(sha512, data, n) != 1)
			r = -EIO;
		if (r < 0)
			break;
		file->size += n;
		progress->done += n;
		if (n > 0 && progress->tell)
			progress->tell(
			    progress->context, progress->done, progress->total);
	}
	if (r == 0)
		r = hasher_final(sha256, &file->sha256);
	if (r == 0 && EVP_DigestFinal_ex(sha512, file->sha512, NULL) != 1)
		r = -EIO;
	hasher_free(sha256);
	free(data);
	return r;
}

static uint64_t total_size(int dir, const struct bag_files *files)
{
	struct stat st;
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < files->count; i++)
		if (fstatat(dir, files->items[i].path, &st,
			AT_SYMLINK_NOFOLLOW) == 0)
			total += (uint64_t)st.st_size;
	return total;
}

int files_digest(int dir, struct bag_files *files, bool payload,
    bag_progress_cb progress, void *context)
{
	struct progress told = {progress, context, 0, total_size(dir, files)};
	EVP_MD_CTX *sha512 = EVP_MD_CTX_new();
	uint64_t size;
	size_t i;
	int fd = -1, r = sha512 ? 0 : -ENOMEM;

	for (i = 0; r == 0 && i < files->count; i++) {
		if (files_is_payload(files->items[i].path) != payload)
			continue;
		files->items[i].size = 0;
		r = files_open(dir, files->items[i].path, &fd, &size);
		if (r == 0) {
			r = digest_fd(fd, &files->items[i], sha512, &told);
			close(fd);
		}
	}
	EVP_MD_CTX_free(sha512);
	return r;
}

bool files_is_payload(const char *path)
{
	return strncmp(path, "data/", 5) == 0;
}

bool files_is_tag_manifest(const char *path)
{
	return strncmp(path, "tagmanifest-", 12) == 0;
}

int files_manifest(
    const struct bag_files *files, bool payload, bool sha512, struct buf *out)
{
	const struct bag_file *file;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < files->count; i++) {
		file = &files->items[i];
		if (files_is_payload(file->path) != payload ||
		    files_is_tag_manifest(file->path))
			continue;
		r = sha512
			? buf_append_hex(out, file->sha512, sizeof file->sha512)
			: buf_append_hex(out, file->sha256.bytes, 32);
		if (r == 0)
			r = buf_printf(out, "  %s\n", file->path);
	}
	return r;
}

int files_info(const struct bag_files *files, struct buf *out)
{
	uint64_t bytes = 0, count = 0;
	int version = 1;
	size_t i;

	for (i = 0; i < files->count; i++) {
		if (strcmp(files->items[i].path, FILES_TIMELINE) == 0)
			version = 2;
		if (!files_is_payload(files->items[i].path))
			continue;
		bytes += files->items[i].size;
		count++;
	}
	/* Version 2 is version 1 with a picture. */
	return buf_printf(out,
	    "Evident-Bag-Version: %d\nPayload-Oxum: %llu.%llu\n", version,
	    (unsigned long long)bytes, (unsigned long long)count);
}
