require('./tests').defineTests('file1');
