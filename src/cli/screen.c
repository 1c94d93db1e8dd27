/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/glyph.h"

/* Another screen, no cursor, no breaks at the right edge; and back. A VT100 knows no other screen: it is left empty. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J"
#define LEAVE "\x1b[0m\x1b[H\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int crashing[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* What handlers need, and all that this file keeps. */
static struct {
    int in, out;
    struct termios before, raw;
    volatile sig_atomic_t open;   /* handlers are set */
    volatile sig_atomic_t inside; /* the terminal is ours */
    volatile sig_atomic_t ended;  /* the signal */
    struct sigaction old_ending[CTY_COUNT_OF(ending)];
    struct sigaction old_crashing[CTY_COUNT_OF(crashing)];
    struct sigaction old_stop, old_size;
} screen;

/* --- the terminal: only what a handler may do ------------------------------------------------------------ */

static bool write_all(const char *text, size_t size)
{
    while (size) {
        ssize_t put = write(screen.out, text, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        text += put;
        size -= (size_t)put;
    }
    return true;
}

static void leave(void)
{
    if (!screen.inside)
        return;
    screen.inside = 0;
    (void)write_all(LEAVE, sizeof(LEAVE) - 1);
    (void)tcsetattr(screen.in, TCSADRAIN, &screen.before);
}

static void enter(void)
{
    (void)tcsetattr(screen.in, TCSADRAIN, &screen.raw);
    screen.inside = 1;
    (void)write_all(ENTER, sizeof(ENTER) - 1);
}

/* --- signals --------------------------------------------------------------------------------------------- */

/* The first ends what waits and is noted; the second ends the program, as if nobody had caught it. */
static void on_ending(int number)
{
    int saved = errno;
    if (screen.ended) {
        leave();
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    screen.ended = number;
    (void)cty_cli_interrupt();
    errno = saved;
}

static void on_crash(int number)
{
    leave();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* Ctrl-Z: the terminal is given back, the process stops, and when it goes on the screen is there again. */
static void on_stop(int number)
{
    int saved = errno;
    bool was_inside = screen.inside;
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigset_t only, before;
    leave();
    sigemptyset(&plain.sa_mask);
    (void)sigaction(number, &plain, &ours);
    sigemptyset(&only);
    sigaddset(&only, number);
    (void)raise(number);
    (void)sigprocmask(SIG_UNBLOCK, &only, &before); /* here it stops */
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)sigaction(number, &ours, NULL);
    if (was_inside) {
        (void)tcgetattr(screen.in, &screen.before);
        enter();
    }
    errno = saved;
}

/* Nothing to do: the wait for a key has ended by it, and the next frame asks for the size. */
static void on_size(int number)
{
    (void)number;
}

static void catch_one(int number, void (*handler)(int), struct sigaction *old)
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, old);
}

/* A crash is only caught where nobody else, such as a sanitizer, tells of it. */
static void catch_signals(void)
{
    for (size_t i = 0; i < CTY_COUNT_OF(ending); i++)
        catch_one(ending[i], on_ending, &screen.old_ending[i]);
    for (size_t i = 0; i < CTY_COUNT_OF(crashing); i++) {
        (void)sigaction(crashing[i], NULL, &screen.old_crashing[i]);
        if (screen.old_crashing[i].sa_handler == SIG_DFL)
            catch_one(crashing[i], on_crash, NULL);
    }
    catch_one(SIGTSTP, on_stop, &screen.old_stop);
    catch_one(SIGWINCH, on_size, &screen.old_size);
}

static void release_signals(void)
{
    for (size_t i = 0; i < CTY_COUNT_OF(ending); i++)
        (void)sigaction(ending[i], &screen.old_ending[i], NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(crashing); i++)
        (void)sigaction(crashing[i], &screen.old_crashing[i], NULL);
    (void)sigaction(SIGTSTP, &screen.old_stop, NULL);
    (void)sigaction(SIGWINCH, &screen.old_size, NULL);
}

/* --- opening --------------------------------------------------------------------------------------------- */

bool cty_screen_can(int in, int out)
{
    const char *kind = getenv("TERM");
    return in >= 0 && out >= 0 && isatty(in) && isatty(out) && kind && *kind && strcmp(kind, "dumb") != 0 &&
           strcmp(kind, "unknown") != 0;
}

/* Keys come one by one and unseen; those that send signals still do. */
static void make_raw(struct termios *raw)
{
    raw->c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
    raw->c_iflag &= ~(tcflag_t)(IXON | INLCR);
    raw->c_iflag |= ICRNL;
    raw->c_cc[VMIN] = 1;
    raw->c_cc[VTIME] = 0;
}

custody_err cty_screen_open(int in, int out, custody_error *error)
{
    static bool at_exit = false;
    CTY_CHECK(!screen.open);
    screen.in = in;
    screen.out = out;
    screen.ended = 0;
    if (tcgetattr(in, &screen.before) != 0)
        return cty_fail(error, CUSTODY_E_IO, "the terminal: %s", strerror(errno));
    screen.raw = screen.before;
    make_raw(&screen.raw);
    if (!at_exit && atexit(leave) != 0)
        return cty_fail(error, CUSTODY_E_IO, "the terminal could not be given back at the end");
    at_exit = true;
    catch_signals();
    screen.open = 1;
    enter();
    return CUSTODY_OK;
}

void cty_screen_close(void)
{
    if (!screen.open)
        return;
    leave();
    release_signals();
    screen.open = 0;
}

void cty_screen_leave(void)
{
    leave();
}

void cty_screen_enter(void)
{
    (void)tcgetattr(screen.in, &screen.before);
    enter();
}

void cty_screen_size(size_t *ret_rows, size_t *ret_columns)
{
    struct winsize size;
    bool known = ioctl(screen.out, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    *ret_rows = known ? size.ws_row : 24;
    *ret_columns = known ? size.ws_col : 80;
}

int cty_screen_ended(void)
{
    return screen.ended;
}

/* --- keys ------------------------------------------------------------------------------------------------ */

/* One byte; -1 where none came in time, -2 where none will. */
static int read_byte(uint64_t timeout_ms)
{
    struct pollfd wait = {.fd = screen.in, .events = POLLIN};
    uint8_t byte = 0;
    int got = poll(&wait, 1, timeout_ms > 60000 ? 60000 : (int)timeout_ms);
    if (got <= 0)
        return got < 0 && errno != EINTR ? -2 : -1;
    ssize_t size = read(screen.in, &byte, 1);
    if (size == 1)
        return byte;
    return size < 0 && errno == EINTR ? -1 : -2;
}

static int key_of_number(int number)
{
    switch (number) {
    case 1:
    case 7:
        return CTY_KEY_HOME;
    case 4:
    case 8:
        return CTY_KEY_END;
    case 5:
        return CTY_KEY_PAGE_UP;
    case 6:
        return CTY_KEY_PAGE_DOWN;
    default:
        return CTY_KEY_OTHER;
    }
}

static int key_of_letter(int letter)
{
    switch (letter) {
    case 'A':
        return CTY_KEY_UP;
    case 'B':
        return CTY_KEY_DOWN;
    case 'H':
        return CTY_KEY_HOME;
    case 'F':
        return CTY_KEY_END;
    default:
        return CTY_KEY_OTHER;
    }
}

/* What stands behind ESC [ or ESC O, to its last letter. */
static int read_sequence(void)
{
    int number = 0, byte = 0;
    for (size_t i = 0; i < 16; i++) {
        byte = read_byte(50);
        if (byte >= '0' && byte <= '9' && number < 1000)
            number = number * 10 + byte - '0';
        else if (byte < 0 || (byte >= 0x40 && byte < 0x7f))
            break;
    }
    return byte == '~' ? key_of_number(number) : key_of_letter(byte);
}

int cty_screen_key(uint64_t timeout_ms)
{
    if (screen.ended)
        return CTY_KEY_GONE;
    int byte = read_byte(timeout_ms);
    if (byte == -2 || screen.ended)
        return CTY_KEY_GONE;
    if (byte < 0)
        return CTY_KEY_NONE;
    if (byte == 8)
        return CTY_KEY_BACKSPACE;
    if (byte != CTY_KEY_ESCAPE)
        return byte;
    int next = read_byte(50);
    if (next == '[' || next == 'O')
        return read_sequence();
    return next < 0 || next == CTY_KEY_ESCAPE ? CTY_KEY_ESCAPE : CTY_KEY_OTHER;
}

void cty_screen_forget(void)
{
    (void)tcflush(screen.in, TCIFLUSH);
}

/* --- frames ---------------------------------------------------------------------------------------------- */

void cty_frame_begin(struct cty_frame *frame)
{
    frame->bytes.limit = (size_t)4 * 1024 * 1024;
    cty_buf_clear(&frame->bytes);
    cty_screen_size(&frame->rows, &frame->columns);
    frame->row = 0;
}

/* How many bytes of the text fit the columns. */
static size_t fitting(struct cty_bytes text, size_t columns)
{
    size_t at = 0, used = 0;
    while (at < text.size) {
        uint32_t point = 0;
        size_t size = cty_glyph_take(cty_bytes_make(text.data + at, text.size - at), &point);
        enum cty_glyph glyph = size ? cty_glyph_of(point) : CTY_GLYPH_PLAIN;
        used += glyph == CTY_GLYPH_WIDE ? 2 : glyph == CTY_GLYPH_MARK ? 0 : 1;
        if (used > columns)
            break;
        at += size ? size : 1;
    }
    return at;
}

void cty_frame_go(struct cty_frame *frame, size_t row)
{
    frame->row = row;
}

/* A byte that would move the cursor can't stand there by the rules of whoever made the text; here it is made sure. */
static custody_err put_safely(struct cty_buf *out, struct cty_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        CTY_TRY(cty_buf_put_byte(out, text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : text.data[i]));
    return CUSTODY_OK;
}

custody_err cty_frame_row(struct cty_frame *frame, struct cty_bytes text, bool loud)
{
    if (frame->row >= frame->rows)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(&frame->bytes, "\x1b[%zu;1H%s", frame->row + 1, loud ? "\x1b[7m" : ""));
    CTY_TRY(put_safely(&frame->bytes, cty_bytes_make(text.data, fitting(text, frame->columns))));
    frame->row++;
    return cty_buf_put_text(&frame->bytes, loud ? "\x1b[0m\x1b[K" : "\x1b[K");
}

custody_err cty_frame_draw(struct cty_frame *frame, custody_error *error)
{
    sigset_t only, before;
    while (frame->row < frame->rows)
        CTY_TRY(cty_frame_row(frame, CTY_LITERAL(""), false));
    /* A stop in the midst of it would leave the half of a frame on the other screen. */
    sigemptyset(&only);
    sigaddset(&only, SIGTSTP);
    sigprocmask(SIG_BLOCK, &only, &before);
    bool written = write_all((const char *)frame->bytes.data, frame->bytes.size);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return written ? CUSTODY_OK : cty_fail(error, CUSTODY_E_IO, "the terminal could not be written to");
}
