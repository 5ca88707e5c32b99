/* How tarpit-rcpt ends; see EXIT STATUS in tarpit-rcpt(8). */
#ifndef STATUS_H
#define STATUS_H

enum status {
	STATUS_OK = 0,
	STATUS_NO = 1,	    /* the answer is no: refused, wrong, different */
	STATUS_TROUBLE = 2, /* it could not be done */
};

#endif
