/*
 * What came of a request, in words that people and programs may read. Portable C.
 */
#ifndef SWEEP_STATUS_H
#define SWEEP_STATUS_H

#include <stdint.h>

/* For an IP_STATUS, or the Windows error why a request could not be sent. The words do not change between versions;
 * "failure" for all others. */
const char *status_text(uint32_t status);

#endif
