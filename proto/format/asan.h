/*
 * Whether AddressSanitizer is built in, which needs more of the kernel than
 * what it looks at: address space without end, and calls that a sandbox
 * refuses.
 */
#ifndef EVIDENT_FORMAT_ASAN_H
#define EVIDENT_FORMAT_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define EVIDENT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EVIDENT_ASAN 1
#endif
#endif
#ifndef EVIDENT_ASAN
#define EVIDENT_ASAN 0
#endif

#endif
