/* PDF, by poppler. */
#ifndef EXTRACT_PDF_H
#define EXTRACT_PDF_H

/* The answer for the PDF that is descriptor 0. */
_Noreturn void pdf_extract(void);

#endif
