require('./tests').defineTests('file4');
