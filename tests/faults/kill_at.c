/*
 * Kill a process at one of its system calls.
 *
 *   kill_at [--count NODE/ROLE --at N [--exit] [--kill NODE/ROLE]]
 *           --report FILE NODE:PID... -- COMMAND...
 *
 * PID is the first process of a node's daemon: it, its children and whatever
 * they start later are followed while COMMAND runs, and so is COMMAND, as node
 * "client". Roles are main, what the daemon calls its children, and client.
 * When the processes of the counted role have made N system calls together,
 * counted as they begin, the one that made the last is sent SIGKILL before the
 * call is done, or with --exit after it; with --kill, one of that role is.
 * Without --count, nobody is killed. The report has a line NODE/ROLE CALLS for
 * each that was counted, and "killed NODE/ROLE N CALL" if one was. Ends as
 * COMMAND does; SIGTERM ends COMMAND and lets the others go on.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS_MAX 128
#define NAME_BYTES 64
#define OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

struct task {
	pid_t pid;
	char node[NAME_BYTES / 2];
	char name[NAME_BYTES]; /* NODE/ROLE; empty until it is executed */
};

struct role {
	char name[NAME_BYTES];
	unsigned long calls;
};

static struct task tasks[TASKS_MAX];
static struct role roles[TASKS_MAX];
static const char *counted, *victim, *report;
static unsigned long at, killed_call;
static bool at_exit, killed;
static pid_t command, waits_for_exit;
static volatile sig_atomic_t stopped;

static _Noreturn void stop(const char *why)
{
	fprintf(stderr, "kill_at: %s: %s\n", why, strerror(errno));
	exit(125);
}

static struct task *find_task(pid_t pid)
{
	size_t i;

	for (i = 0; i < TASKS_MAX; i++)
		if (tasks[i].pid == pid)
			return &tasks[i];
	return NULL;
}

/* From the words of its command line. */
static void take_role(struct task *task)
{
	char path[64], text[1024], *word = text, *end;
	const char *role = "client";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)task->pid);
	file = fopen(path, "r");
	end = text + (file ? fread(text, 1, sizeof text - 1, file) : 0);
	*end = 0;
	if (file)
		fclose(file);
	if (strlen(text) >= 8 &&
	    strcmp(text + strlen(text) - 8, "evidentd") == 0)
		role = "main";
	for (; word < end; word += strlen(word) + 1)
		if (strcmp(word, "--role") == 0)
			role = word + 7;
	snprintf(task->name, sizeof task->name, "%s/%.20s", task->node, role);
}

static struct task *add_task(pid_t pid, const char *node)
{
	struct task *task = find_task(pid);

	if (task)
		return task;
	task = find_task(0);
	if (!task)
		stop("too many processes");
	memset(task, 0, sizeof *task);
	task->pid = pid;
	snprintf(task->node, sizeof task->node, "%s", node);
	return task;
}

static void seize(pid_t pid, const char *node)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS) < 0)
		return; /* it is gone */
	take_role(add_task(pid, node));
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
}

/* All threads, and all children of the first. */
static void seize_all(pid_t pid, const char *node)
{
	char path[96];
	struct dirent *item;
	DIR *threads;
	FILE *children;
	int child;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (item = readdir(threads)) != NULL)
		if (item->d_name[0] != '.')
			seize((pid_t)strtoul(item->d_name, NULL, 10), node);
	if (threads)
		closedir(threads);
	snprintf(
	    path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	children = fopen(path, "r");
	while (children && fscanf(children, "%d", &child) == 1)
		seize_all(child, node);
	if (children)
		fclose(children);
}

static struct role *role_of(const struct task *task)
{
	size_t i;

	for (i = 0; i < TASKS_MAX - 1 && roles[i].name[0]; i++)
		if (strcmp(roles[i].name, task->name) == 0)
			break;
	snprintf(roles[i].name, sizeof roles[i].name, "%s", task->name);
	return &roles[i];
}

static void kill_now(pid_t pid)
{
	size_t i;

	for (i = 0; victim && i < TASKS_MAX; i++)
		if (tasks[i].pid > 0 && strcmp(tasks[i].name, victim) == 0)
			pid = tasks[i].pid;
	if (!victim || strcmp(find_task(pid)->name, victim) == 0)
		killed = kill(pid, SIGKILL) == 0;
}

static void hear_call(struct task *task)
{
	struct __ptrace_syscall_info info;
	struct role *role;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, (void *)sizeof info,
		&info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		if (waits_for_exit == task->pid && !killed)
			kill_now(task->pid);
		return;
	}
	if (!task->name[0])
		return; /* forked, and not yet executed */
	role = role_of(task);
	role->calls++;
	if (!counted || role->calls != at || strcmp(role->name, counted) != 0)
		return;
	killed_call = (unsigned long)info.entry.nr;
	if (at_exit)
		waits_for_exit = task->pid;
	else
		kill_now(task->pid);
}

static bool is_counted(const struct task *task)
{
	return !killed && (!counted || strcmp(task->name, counted) == 0);
}

static void go_on(const struct task *task, int sig)
{
	if (stopped)
		ptrace(PTRACE_DETACH, task->pid, NULL, (void *)(long)sig);
	else
		ptrace(is_counted(task) ? PTRACE_SYSCALL : PTRACE_CONT,
		    task->pid, NULL, (void *)(long)sig);
}

static void hear_stop(pid_t pid, int status)
{
	struct task *task = find_task(pid);
	const int sig = WSTOPSIG(status), event = status >> 16;
	unsigned long child = 0;
	int pass = 0;

	if (!task) /* told before its parent's fork was */
		task = add_task(pid, "new");
	if (sig == (SIGTRAP | 0x80)) {
		hear_call(task);
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child);
		snprintf(add_task((pid_t)child, task->node)->node,
		    sizeof task->node, "%s", task->node);
	} else if (event == PTRACE_EVENT_EXEC) {
		take_role(task);
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	} else if (event == 0) {
		pass = sig;
	}
	go_on(task, pass);
	if (stopped)
		task->pid = 0;
}

/* Until the command has ended; then let all others go. */
static int follow(void)
{
	int status, code = 125;
	size_t i, left;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR && stopped)
			kill(command, SIGKILL);
		else if (pid < 0)
			break;
		else if (WIFSTOPPED(status))
			hear_stop(pid, status);
		else if (find_task(pid))
			find_task(pid)->pid = 0;
		if (pid != command || WIFSTOPPED(status))
			continue;
		code = WIFEXITED(status) ? WEXITSTATUS(status)
					 : 128 + WTERMSIG(status);
		stopped = 1;
		for (i = left = 0; i < TASKS_MAX; i++)
			if (tasks[i].pid > 0 &&
			    ptrace(PTRACE_INTERRUPT, tasks[i].pid, NULL,
				NULL) == 0)
				left++;
		if (left == 0)
			break;
	}
	return code;
}

/* Begins once it is followed. */
static void start(char **argv)
{
	int status;

	command = fork();
	if (command < 0)
		stop("fork");
	if (command == 0) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
		stop(argv[0]);
	}
	if (waitpid(command, &status, WUNTRACED) != command)
		stop("wait");
	if (ptrace(PTRACE_SEIZE, command, NULL, (void *)OPTIONS) < 0)
		stop("seize");
	add_task(command, "client");
	kill(command, SIGCONT);
}

static void write_report(void)
{
	FILE *file = fopen(report, "w");
	size_t i;

	if (!file)
		stop(report);
	for (i = 0; i < TASKS_MAX && roles[i].name[0]; i++)
		fprintf(file, "%s %lu\n", roles[i].name, roles[i].calls);
	if (killed)
		fprintf(file, "killed %s %lu %lu\n", victim ? victim : counted,
		    at, killed_call);
	fclose(file);
}

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_term};
	char *colon;
	int i, code;

	sigaction(SIGTERM, &action, NULL);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--exit") == 0)
			at_exit = true;
		else if (strcmp(argv[i], "--count") == 0)
			counted = argv[++i];
		else if (strcmp(argv[i], "--at") == 0)
			at = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--kill") == 0)
			victim = argv[++i];
		else if (strcmp(argv[i], "--report") == 0)
			report = argv[++i];
		else if ((colon = strchr(argv[i], ':')) != NULL) {
			*colon = 0;
			seize_all((pid_t)strtoul(colon + 1, NULL, 10), argv[i]);
		}
	}
	if (i + 1 >= argc || !report)
		stop("wrong usage");
	start(argv + i + 1);
	code = follow();
	write_report();
	return code;
}
